"""The storage that workers share: a folder, or a bucket."""

from badapple.storage.opening import open_storage, shared
from badapple.storage.uploading import upload_to_storage

__all__ = ["open_storage", "shared", "upload_to_storage"]
