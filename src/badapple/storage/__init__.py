"""Where workers share finished parts and videos: a folder or a bucket."""
