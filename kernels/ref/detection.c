/* detection.c: TFLite_Detection_PostProcess, the end of SSD detectors: boxes decoded from their
 * anchors, the best kept, those that overlap a better one dropped. Inputs: encodings [1, boxes, 4]
 * (y, x, h, w), scores [1, boxes, classes and maybe background], anchors [boxes, 4]; float32, or
 * uint8 and int8 by their scales. Outputs, float32: boxes [1, n, 4] as corners, classes, scores,
 * their number. Truth: TFLite's own. Fast: a box takes part with its best class; regular: each
 * class on its own, the best of all kept. What is not found is 0. Nothing is kept in between, so
 * boxes are decoded wherever they are asked for. */
#include <math.h>
#include <string.h>

#include "kernels/ref/need.h"

enum { ENCODINGS, SCORES, ANCHORS };
enum {
    BOXES,
    CLASSES,
    BEST,
    NUMBER,
    MOST_OF_CLASS = 256,
    MOST_CATEGORIES = 64,
    MOST_BOXES = 1 << 20
};

typedef struct detection_params {
    int64_t max_detections, max_classes_per_detection, detections_per_class, num_classes;
    int64_t use_regular_nms;
    double nms_score_threshold, nms_iou_threshold, y_scale, x_scale, h_scale, w_scale;
} detection_params;

#define WHOLE(key, preset, low, high, help)                                                        \
    { #key, RG_FIELD_INT, offsetof(detection_params, key), preset, low, high, NULL, "", help }
#define REAL(key, preset, help)                                                                    \
    { #key, RG_FIELD_REAL, offsetof(detection_params, key), preset, 0, 0, NULL, "", help }
static const rg_field fields[] = {
    WHOLE(max_detections, "10", 1, 10000, "boxes that are kept"),
    WHOLE(max_classes_per_detection, "1", 1, MOST_CATEGORIES, "classes told of each box (fast)"),
    WHOLE(detections_per_class, "100", 1, MOST_OF_CLASS, "boxes of one class (regular)"),
    WHOLE(num_classes, "1", 1, 1000000, "classes, background not counted"),
    WHOLE(use_regular_nms, "0", 0, 1, "each class on its own"),
    REAL(nms_score_threshold, "0", "least score"),
    REAL(nms_iou_threshold, "0.5", "overlap above which the worse box is dropped"),
    REAL(y_scale, "10", "divisor of encoded y"),
    REAL(x_scale, "10", "divisor of encoded x"),
    REAL(h_scale, "5", "divisor of encoded height"),
    REAL(w_scale, "5", "divisor of encoded width"),
    {0},
};

/* Classes told of each box. */
static int64_t categories_of(const rg_op_call *call) {
    const detection_params *p = call->params;
    int64_t most = p->max_classes_per_detection;
    return p->use_regular_nms ? 1 : most < p->num_classes ? most : p->num_classes;
}

static int64_t places_of(const rg_op_call *call) {
    const detection_params *p = call->params;
    return p->max_detections * (p->use_regular_nms ? 1 : p->max_classes_per_detection);
}

static rg_status check_sizes(const rg_op_call *call, rg_err *err) {
    const detection_params *p = call->params;
    const int32_t *boxes = call->in[ENCODINGS]->shape.dim, *scores = call->in[SCORES]->shape.dim;
    if (boxes[0] != 1 || scores[0] != 1)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "detection of more than one image");
    if (boxes[2] < 4 || scores[1] != boxes[1] || call->in[ANCHORS]->shape.dim[0] != boxes[1] ||
        call->in[ANCHORS]->shape.dim[1] != 4)
        return rg_fail(err, RG_BAD_DATA, NULL, "numbers of boxes, scores and anchors do not match");
    if (boxes[1] > MOST_BOXES)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "detection of %d boxes", (int)boxes[1]);
    if (scores[2] < p->num_classes || scores[2] > p->num_classes + 1)
        return rg_fail(err, RG_BAD_DATA, NULL, "%d scores a box for %lld classes", (int)scores[2],
                       (long long)p->num_classes);
    if (!(p->y_scale > 0) || !(p->x_scale > 0) || !(p->h_scale > 0) || !(p->w_scale > 0))
        return rg_fail(err, RG_BAD_DATA, NULL, "a scale of boxes is not positive");
    return RG_OK;
}

static rg_status check_type(const rg_tensor *t, rg_err *err) {
    if (t->dtype == RG_DTYPE_FLOAT32)
        return RG_OK;
    if (t->dtype == RG_DTYPE_UINT8 || t->dtype == RG_DTYPE_INT8)
        return rg_need_quant(t, "input", err);
    return rg_fail(err, RG_UNSUPPORTED, NULL, "detection over %s", rg_dtype_word(t->dtype));
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    static const uint32_t ranks[] = {3, 3, 2};
    rg_status status = rg_need_inputs(call, 3, err);
    for (uint32_t i = 0; status == RG_OK && i < 3; i++) {
        status = rg_need_rank(call->in[i], "input", ranks[i], err);
        if (status == RG_OK)
            status = check_type(call->in[i], err);
    }
    if (status == RG_OK)
        status = check_sizes(call, err);
    if (status != RG_OK)
        return status;
    int32_t n = (int32_t)places_of(call);
    rg_shape shapes[] = {{3, {1, n, 4}}, {2, {1, n}}, {2, {1, n}}, {1, {1}}};
    for (uint32_t i = 0; status == RG_OK && i < 4; i++)
        status = rg_give_output(&ret_out[i], RG_DTYPE_FLOAT32, &shapes[i], err);
    return status;
}

static float value_at(const rg_tensor *t, const void *data, int64_t i) {
    if (t->dtype == RG_DTYPE_FLOAT32)
        return ((const float *)data)[i];
    int32_t q = t->dtype == RG_DTYPE_INT8 ? ((const int8_t *)data)[i] : ((const uint8_t *)data)[i];
    return (float)(q - t->quant.zero_point[0]) * t->quant.scale[0];
}

typedef struct corners {
    float y0, x0, y1, x1;
} corners;

/* One call and what it reads. */
typedef struct job {
    const rg_op_call *call;
    const detection_params *p;
    const void *const *in;
    int64_t boxes, columns, background; /* background: scores before the first class */
} job;

static corners decode(const job *j, int64_t box) {
    const detection_params *p = j->p;
    const rg_tensor *e = j->call->in[ENCODINGS], *a = j->call->in[ANCHORS];
    double code[4], anchor[4];
    for (int k = 0; k < 4; k++) {
        code[k] = value_at(e, j->in[ENCODINGS], box * e->shape.dim[2] + k);
        anchor[k] = value_at(a, j->in[ANCHORS], box * 4 + k);
    }
    float y = (float)(code[0] / p->y_scale * anchor[2] + anchor[0]);
    float x = (float)(code[1] / p->x_scale * anchor[3] + anchor[1]);
    float h = (float)(0.5 * exp(code[2] / p->h_scale) * anchor[2]);
    float w = (float)(0.5 * exp(code[3] / p->w_scale) * anchor[3]);
    return (corners){y - h, x - w, y + h, x + w};
}

static float overlap(const corners *a, const corners *b) {
    float area_a = (a->y1 - a->y0) * (a->x1 - a->x0), area_b = (b->y1 - b->y0) * (b->x1 - b->x0);
    if (area_a <= 0 || area_b <= 0)
        return 0;
    float high = fminf(a->y1, b->y1) - fmaxf(a->y0, b->y0);
    float wide = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0);
    float common = fmaxf(high, 0) * fmaxf(wide, 0);
    return common / (area_a + area_b - common);
}

static float score_at(const job *j, int64_t box, int64_t class_) {
    int64_t at = box * j->columns + j->background + class_;
    return value_at(j->call->in[SCORES], j->in[SCORES], at);
}

/* The class of the n-th best score of a box; equal ones in their order. */
static int64_t class_of(const job *j, int64_t box, int64_t n) {
    int64_t last = -1;
    for (int64_t k = 0; k <= n; k++) {
        int64_t best = -1;
        for (int64_t c = 0; c < j->p->num_classes; c++) {
            float s = score_at(j, box, c), l = last < 0 ? 0 : score_at(j, box, last);
            bool behind = last < 0 || s < l || (s == l && c > last);
            if (behind && (best < 0 || s > score_at(j, box, best)))
                best = c;
        }
        last = best < 0 ? last : best;
    }
    return last < 0 ? 0 : last;
}

/* The score that a box takes part with: of one class, or (-1) its best. */
static float stake(const job *j, int64_t box, int64_t class_) {
    return score_at(j, box, class_ >= 0 ? class_ : class_of(j, box, 0));
}

/* A box behind `last` in the order of scores that no kept one overlaps; -1: none. */
static int64_t next_box(const job *j, int64_t class_, int64_t last, const corners *kept,
                        int64_t n_kept) {
    float limit = (float)j->p->nms_iou_threshold, least = (float)j->p->nms_score_threshold;
    float last_score = last < 0 ? 0 : stake(j, last, class_), best_score = 0;
    int64_t best = -1;
    for (int64_t b = 0; b < j->boxes; b++) {
        float s = stake(j, b, class_);
        bool behind = last < 0 || s < last_score || (s == last_score && b > last);
        if (!(s >= least) || !behind || (best >= 0 && !(s > best_score)))
            continue;
        corners here = decode(j, b);
        bool free = true;
        for (int64_t k = 0; free && k < n_kept; k++)
            free = !(overlap(&kept[k], &here) > limit);
        if (!free)
            continue;
        best = b;
        best_score = s;
    }
    return best;
}

static void put(void *const *out, int64_t at, const corners *box, int64_t class_, float score) {
    memcpy((float *)out[BOXES] + 4 * at, box, sizeof *box);
    ((float *)out[CLASSES])[at] = (float)class_;
    ((float *)out[BEST])[at] = score;
}

/* The kept boxes stand side by side at the front until all are found, then move to their places. */
static int64_t run_fast(const job *j, void *const *out) {
    int64_t categories = categories_of(j->call), n = 0, last = -1;
    corners *kept = out[BOXES];
    for (; n < j->p->max_detections; n++) {
        last = next_box(j, -1, last, kept, n);
        if (last < 0)
            break;
        kept[n] = decode(j, last);
        ((float *)out[CLASSES])[n] = (float)last; /* the box, for the moment */
    }
    for (int64_t k = n; k-- > 0;) {
        corners box = kept[k];
        int64_t from = (int64_t)((float *)out[CLASSES])[k];
        kept[k] = (corners){0, 0, 0, 0};
        ((float *)out[CLASSES])[k] = 0;
        for (int64_t c = 0; c < categories; c++) {
            int64_t class_ = class_of(j, from, c);
            put(out, k * j->p->max_classes_per_detection + c, &box, class_,
                score_at(j, from, class_));
        }
    }
    return n;
}

/* Into the list of the best so far, which stays in order; returns its length. */
static int64_t insert(const job *j, void *const *out, int64_t n, const corners *box, int64_t class_,
                      float score) {
    const float *scores = out[BEST];
    int64_t most = j->p->max_detections, at = n < most ? n : most;
    while (at > 0 && score > scores[at - 1])
        at--;
    if (at >= most)
        return n;
    int64_t moved = (n < most ? n : most - 1) - at;
    memmove((corners *)out[BOXES] + at + 1, (corners *)out[BOXES] + at,
            (size_t)moved * sizeof(corners));
    memmove((float *)out[CLASSES] + at + 1, (float *)out[CLASSES] + at,
            (size_t)moved * sizeof(float));
    memmove((float *)out[BEST] + at + 1, (float *)out[BEST] + at, (size_t)moved * sizeof(float));
    put(out, at, box, class_, score);
    return n < most ? n + 1 : n;
}

static int64_t run_regular(const job *j, void *const *out) {
    int64_t n = 0;
    for (int64_t c = 0; c < j->p->num_classes; c++) {
        corners kept[MOST_OF_CLASS];
        int64_t last = -1;
        for (int64_t k = 0; k < j->p->detections_per_class; k++) {
            last = next_box(j, c, last, kept, k);
            if (last < 0)
                break;
            kept[k] = decode(j, last);
            n = insert(j, out, n, &kept[k], c, score_at(j, last, c));
        }
    }
    return n;
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    (void)state;
    if (first_tile >= last_tile)
        return;
    const int32_t *scores = call->in[SCORES]->shape.dim;
    job j = {call, call->params, in, scores[1], scores[2], 0};
    j.background = scores[2] - j.p->num_classes;
    size_t places = (size_t)places_of(call);
    memset(out[BOXES], 0, places * sizeof(corners));
    memset(out[CLASSES], 0, places * sizeof(float));
    memset(out[BEST], 0, places * sizeof(float));
    *(float *)out[NUMBER] =
        (float)(j.p->use_regular_nms ? run_regular(&j, out) : run_fast(&j, out));
}

static rg_work work(const rg_op_call *call) {
    return rg_call_work(call, 0, rg_elements(call->in[SCORES]) + 20 * rg_elements(call->in[0]));
}

const rg_op rg_op_detection_postprocess = {
    .name = "detection_postprocess",
    .kind = "detection_postprocess",
    .summary = "Boxes of an SSD detector: decoded, the best kept, overlapping ones dropped",
    .in = RG_DTYPE_ANY,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_FLOAT32,
    .params = fields,
    .params_size = sizeof(detection_params),
    .min_in = 3,
    .max_in = 3,
    .n_out = 4,
    .infer = infer,
    .work = work,
    .run = run,
};
