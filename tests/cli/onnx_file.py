"""Small ONNX files for tests, byte by byte: just enough of protobuf's wire format and of onnx.proto's field numbers.
"""
FLOAT, UINT8, INT8, INT32, INT64, STRING = 1, 2, 3, 6, 7, 8


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def whole(field, number):
    return varint(field << 3) + varint(number)


def piece(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def tensor(name, dtype, dims, raw):
    return b"".join(whole(1, d) for d in dims) + whole(2, dtype) + piece(8, name) + piece(9, raw)


def value(name, dims, dtype=FLOAT):
    """A graph input or output; a dimension that is a word is unknown."""
    shape = b"".join(piece(1, piece(2, d) if isinstance(d, str) else whole(1, d)) for d in dims)
    return piece(1, name) + piece(2, piece(1, whole(1, dtype) + piece(2, shape)))


def node(kind, inputs, outputs):
    return b"".join(piece(1, i) for i in inputs) + b"".join(piece(2, o) for o in outputs) + piece(4, kind)


def model(nodes, inputs, outputs, constants=(), opset=13):
    graph = b"".join(piece(1, n) for n in nodes) + piece(2, "made") + b"".join(piece(5, c) for c in constants)
    graph += b"".join(piece(11, v) for v in inputs) + b"".join(piece(12, v) for v in outputs)
    return whole(1, 8) + piece(2, "tests") + piece(7, graph) + piece(8, piece(1, "") + whole(2, opset))


def one(kind, dims, dtype=FLOAT):
    """A model of one node from x to y, both of these dimensions."""
    return model([node(kind, ["x"], ["y"])], [value("x", dims, dtype)], [value("y", dims, dtype)])
