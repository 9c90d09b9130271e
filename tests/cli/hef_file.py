"""Makes Hailo executables for tests: header, chip, one network group with its streams. No weights: nothing could run them
but the double of tests/doubles/hailo_library.c."""
import hashlib
import struct

ARCHS = {"hailo8": 0, "hailo8r": 2, "hailo8l": 3, "hailo15m": 4, "hailo15l": 6, "hailo15h": 103}
FORMATS = {"NHWC": 0, "NC": 2, "NHW": 5, "NMS": 6}


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def nested(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def double(field, value):
    return varint(field << 3 | 1) + struct.pack("<d", value)


def single(field, value):
    return varint(field << 3 | 5) + struct.pack("<f", value)


def layer(name, shape, order="NHWC", scales=(1.0,), zeros=(0.0,), data_bytes=1, originals=(), nms=None):
    """A layer at the border of the chip; shape: height, width, features."""
    h, w, f = shape
    base = number(1, h) + number(2, h) + number(3, w) + number(4, w) + number(5, f) + number(6, (f + 7) // 8 * 8)
    base += number(7, FORMATS[order]) + number(12, data_bytes)
    if nms:
        base += nested(11, nested(1, number(2, nms[0]) + number(3, nms[1])))
    quant = single(1, zeros[0]) + single(2, scales[0])
    quant += nested(5, struct.pack("<%dd" % len(zeros), *zeros)) + nested(6, struct.pack("<%dd" % len(scales), *scales))
    return nested(1, name) + nested(2, base) + nested(3, quant) + b"".join(nested(5, o) for o in originals)


def edge(data, output, kind=3, border=0, pad=None):
    more = b"" if pad is None else number(7, pad)
    return nested(2, number(1, int(output)) + nested(kind, data) + nested(5, number(3, border)) + more)


def group(name, edges, order=(), contexts=1, ops=0):
    about = nested(1, name) + double(4, 1000.0) + double(6, 0.002) + number(8, ops)
    body = nested(1, about) + nested(3, nested(3, b"".join(edges))) + nested(3, b"") * (contexts - 1)
    return body + b"".join(nested(4, o) for o in order) + nested(6, name)


def message(groups, arch="hailo8", compiler="3.30.0"):
    head = number(1, ARCHS[arch]) + number(2, 1724785394571) + nested(3, compiler)
    return nested(1, head) + b"".join(nested(2, g) for g in groups)


def file(body, version=0, weights=b""):
    """The body behind a header of this version."""
    magic = b"\x01HEF" + struct.pack(">II", version, len(body))
    if version == 0:
        return magic + bytes(4) + hashlib.md5(body).digest() + body
    heads = {1: struct.pack(">IQI", 0, len(weights), 0), 2: struct.pack(">QQQQ", 0, len(weights), 0, 0),
             3: struct.pack(">QQIQQQ", 0, len(weights), 0, 0, 0, 0)}
    return magic + heads[version] + body + weights


def ends_of(inspected):
    """Streams for a model as `railgauge inspect --json` tells its inputs and outputs: 8 bits, quantized as the model is."""
    def stream(tensor, output):
        shape = [d for d in tensor["shape"][1:]] if len(tensor["shape"]) > 1 else tensor["shape"]
        order = "NHWC" if len(shape) == 3 else "NC"
        if len(shape) != 3:
            elements = 1
            for d in shape:
                elements *= d
            shape = [1, 1, elements]
        scale = tensor.get("scale") or 1 / 128
        zero = tensor.get("zero_point")
        zero = 128 if zero is None else zero + (128 if tensor["type"] == "int8" else 0)
        return edge(layer("net/" + tensor["name"], shape, order, (scale,), (float(zero),), originals=[tensor["name"]]), output)
    return [stream(t, False) for t in inspected["inputs"]] + [stream(t, True) for t in inspected["outputs"]]
