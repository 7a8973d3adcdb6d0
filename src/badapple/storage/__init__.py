"""The storage that workers share: a folder, or a bucket."""

from badapple.storage.opening import open_storage
from badapple.storage.uploading import upload_to_storage

__all__ = ["open_storage", "upload_to_storage"]
