"""Bodies as lists of pieces; small pieces are joined as they arrive."""

from __future__ import annotations

SMALL_PIECE_BYTES = 4096

BodyPieces = list[bytes | bytearray]


def append_body_piece(pieces: BodyPieces, piece: bytes) -> None:
    """Add a piece. Small ones are joined: a body that comes byte by byte would take forty times its size as a list."""
    if len(piece) >= SMALL_PIECE_BYTES or not pieces:
        pieces.append(piece)
        return
    last = pieces[-1]
    if isinstance(last, bytearray):
        last += piece
    else:
        pieces.append(bytearray(piece))


def join_pieces(pieces: BodyPieces) -> bytes:
    """The whole body."""
    only = pieces[0] if len(pieces) == 1 else b""
    return only if only and isinstance(only, bytes) else b"".join(pieces)
