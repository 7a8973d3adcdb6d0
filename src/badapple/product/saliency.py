"""The network that finds the product: U2-Netp, run on the CPU."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import cv2
import numpy as np

from badapple.product.inference import runtime

if TYPE_CHECKING:
    from cv2.typing import MatLike

__all__ = ["MODEL", "SIDE", "saliency"]

MODEL = "u2netp-320"  #: enters cache keys: another network is another cut-out
SIDE = 320  #: px of the square the network sees
_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)


def saliency(rgb: MatLike) -> MatLike:
    """Say for each of 320x320 cells how likely it belongs to the product.

    Args:
        rgb: shape (height, width, 3), sRGB; stretched to the network's square.

    Returns:
        float32, shape (320, 320), 0-1.
    """
    onnxruntime = runtime()  # late: photos with an outline of their own need none
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # It runs once per photo: an arena and a memory plan would only keep 200 MB after it.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    # The last level of optimization re-orders memory for speed, gains none here, and costs 80 MB.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    small = cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    small = small * np.float32(1 / max(float(small.max()), 1.0))
    small = np.divide(np.subtract(small, _MEAN, dtype=np.float32), _DEVIATION, dtype=np.float32)
    with as_file(files("badapple.product") / "data" / "u2netp.onnx") as model:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: np.ascontiguousarray(small.transpose(2, 0, 1)[None])}
    mask: MatLike = session.run([session.get_outputs()[0].name], feed)[0][0, 0]
    return np.clip(mask, 0.0, 1.0)
