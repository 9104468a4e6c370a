"""Files of the lake beside its tables: where a publication is written before anybody can see it."""

from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.fs

STAGING = "_staging"
"""Folder below a table's address where a publication is before it is visible; its leading underscore keeps readers out."""


def open_storage(uri: str) -> tuple[pa.fs.FileSystem, str]:
    """The file system behind an address, and the path there.

    Args:
        uri: A path of this machine, or a URI such as ``s3://bucket/lake``.
    """
    if "://" in uri:
        filesystem, path = pa.fs.FileSystem.from_uri(uri)
        return filesystem, str(path)
    return pa.fs.LocalFileSystem(), uri


def files_below(filesystem: pa.fs.FileSystem, folder: str, suffix: str = "") -> list[str]:
    """Paths of all files below a folder, in order; none where there is no such folder."""
    selector = pa.fs.FileSelector(folder, recursive=True, allow_not_found=True)
    found = [info.path for info in filesystem.get_file_info(selector) if info.type == pa.fs.FileType.File]
    return sorted(path for path in found if path.endswith(suffix))


def folders_in(filesystem: pa.fs.FileSystem, folder: str) -> list[pa.fs.FileInfo]:
    """The folders in a folder; none where there is no such folder."""
    selector = pa.fs.FileSelector(folder, allow_not_found=True)
    return [info for info in filesystem.get_file_info(selector) if info.type == pa.fs.FileType.Directory]


def remove(filesystem: pa.fs.FileSystem, folder: str) -> None:
    """Delete a folder with everything in it, if it is there."""
    if filesystem.get_file_info(folder).type == pa.fs.FileType.Directory:
        filesystem.delete_dir(folder)


def move_into(filesystem: pa.fs.FileSystem, file: str, target: str) -> None:
    """Move a file to a path whose folder may not be there yet; on an object store that is a copy."""
    filesystem.create_dir(str(PurePosixPath(target).parent), recursive=True)
    filesystem.move(file, target)
