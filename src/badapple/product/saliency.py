"""The network that finds the product: U2-Netp, run on the CPU."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MODEL", "SIDE", "saliency"]

MODEL = "u2netp-320"  #: enters cache keys: another network is another cut-out
SIDE = 320  #: px of the square the network sees
_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)


def saliency(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Say for each of 320x320 cells how likely it belongs to the product.

    Args:
        rgb: shape (height, width, 3), sRGB; stretched to the network's square.

    Returns:
        float32, shape (320, 320), 0-1.
    """
    import cv2
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # It runs once per photo: an arena and a memory plan would only keep 200 MB after it.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    small = cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    small /= max(float(small.max()), 1.0)
    small = (small - np.float32(_MEAN)) / np.float32(_DEVIATION)
    with as_file(files("badapple.product") / "data" / "u2netp.onnx") as model:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: np.ascontiguousarray(small.transpose(2, 0, 1)[None])}
    mask: NDArray[np.float32] = session.run([session.get_outputs()[0].name], feed)[0][0, 0]
    return np.clip(mask, 0.0, 1.0)
