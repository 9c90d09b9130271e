/* arg.c: where the largest or smallest byte of a line stands, 16 bytes side by side: first which
 * byte it is, then the first place that holds it. Lines are the last dimension. */
#include "kernels/each/level.h"
#include "kernels/ref/need.h"

enum { LANE = 16, TILE = 256 /* lines */ };

/* The line's length; 0 where the call goes along another dimension or lines are short. */
static size_t line_of(const rg_op_call *call) {
    const rg_tensor *from = call->in[0];
    int64_t axis = 0;
    size_t n = 0, line = (size_t)from->shape.dim[from->shape.rank - 1];
    if (rg_need_integers(call->in[1], "axis", 1, &axis, &n, NULL) != RG_OK)
        return 0;
    axis += axis < 0 ? from->shape.rank : 0;
    return axis + 1 == from->shape.rank && line >= LANE ? line : 0;
}

static bool suits(const rg_op_call *call) {
    return line_of(call) > 0;
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(size_t);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    (void)err;
    *(size_t *)packed = line_of(call);
    return RG_OK;
}

static size_t tiles(const rg_op_call *call) {
    return (rg_elements(call->out[0]) + TILE - 1) / TILE;
}

/* Bytes are turned so that the largest unsigned one is sought: int8's top bit flipped, all flipped
 * for the smallest. */
static inline uint8_t turn_of(const rg_op_call *call) {
    uint8_t is_signed = call->op->in == RG_DTYPE_INT8 ? 0x80 : 0;
    return !strcmp(call->op->kind, "arg_max") ? is_signed : is_signed ^ 0xff;
}

#if defined(__aarch64__)
typedef uint8x16_t lane;
static inline lane lane_load(const uint8_t *at, lane turn) {
    return veorq_u8(vld1q_u8(at), turn);
}
static inline lane lane_fill(uint8_t byte) {
    return vdupq_n_u8(byte);
}
static inline lane lane_max(lane a, lane b) {
    return vmaxq_u8(a, b);
}
static inline uint8_t lane_most(lane a) {
    return vmaxvq_u8(a);
}
/* The first lane that equals, LANE if none does: four bits a lane. */
static inline size_t lane_find(lane a, lane most) {
    uint8x8_t half = vshrn_n_u16(vreinterpretq_u16_u8(vceqq_u8(a, most)), 4);
    uint64_t bits = vget_lane_u64(vreinterpret_u64_u8(half), 0);
    return bits ? (size_t)__builtin_ctzll(bits) / 4 : LANE;
}
#elif defined(__x86_64__)
typedef __m128i lane;
static inline lane lane_load(const uint8_t *at, lane turn) {
    return _mm_xor_si128(_mm_loadu_si128((const void *)at), turn);
}
static inline lane lane_fill(uint8_t byte) {
    return _mm_set1_epi8((char)byte);
}
static inline lane lane_max(lane a, lane b) {
    return _mm_max_epu8(a, b);
}
/* The smallest of eight 16-bit values is an instruction; here of the complements. */
static inline uint8_t lane_most(lane a) {
    lane low = _mm_xor_si128(_mm_max_epu8(a, _mm_srli_epi16(a, 8)), _mm_set1_epi8(-1));
    low = _mm_minpos_epu16(_mm_and_si128(low, _mm_set1_epi16(255)));
    return (uint8_t)~_mm_cvtsi128_si32(low);
}
static inline size_t lane_find(lane a, lane most) {
    unsigned bits = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(a, most));
    return bits ? (size_t)__builtin_ctz(bits) : LANE;
}
#endif

static inline size_t place_in(const uint8_t *x, size_t n, lane turn) {
    lane most = lane_load(x + n - LANE, turn);
    for (size_t i = 0; i + LANE < n; i += LANE)
        most = lane_max(most, lane_load(x + i, turn));
    most = lane_fill(lane_most(most));
    for (size_t i = 0; i + LANE < n; i += LANE) {
        size_t found = lane_find(lane_load(x + i, turn), most);
        if (found < LANE)
            return i + found;
    }
    return n - LANE + lane_find(lane_load(x + n - LANE, turn), most);
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)scratch;
    size_t n = *(const size_t *)packed, all = rg_elements(call->out[0]);
    size_t at = first_tile * TILE, end = last_tile * TILE < all ? last_tile * TILE : all;
    const uint8_t *x = in[0];
    lane turn = lane_fill(turn_of(call));
    if (call->out[0]->dtype == RG_DTYPE_INT64) {
        for (; at < end; at++)
            ((int64_t *)out[0])[at] = (int64_t)place_in(x + at * n, n, turn);
    } else {
        for (; at < end; at++)
            ((int32_t *)out[0])[at] = (int32_t)place_in(x + at * n, n, turn);
    }
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id), .summary = "Lines of bytes, 16 side by side",             \
                     RG_KERNEL_METHODS}

ROW(arg_max_s8);
ROW(arg_max_u8);
ROW(arg_min_s8);
ROW(arg_min_u8);
