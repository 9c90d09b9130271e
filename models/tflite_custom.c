/* tflite_custom.c: custom operators of a .tflite file whose options we can read. One row each; a
 * row with a kind is computed, one without stays foreign and only tells of itself. */
#include <string.h>

#include "models/edgetpu_package.h"
#include "models/flexbuf.h"
#include "models/tflite_read.h"
#include "models/tflite_schema.h"

typedef rg_tflite_reading reading;

/* A number of the options that becomes an attribute of the same name. */
typedef struct number {
    const char *key;
    bool whole;
} number;

static const number detection_numbers[] = {
    {"max_detections", true},
    {"max_classes_per_detection", true},
    {"detections_per_class", true},
    {"num_classes", true},
    {"use_regular_nms", true},
    {"nms_score_threshold", false},
    {"nms_iou_threshold", false},
    {"y_scale", false},
    {"x_scale", false},
    {"h_scale", false},
    {"w_scale", false},
    {NULL, false},
};

/* How a custom operator becomes a node. */
typedef struct custom {
    const char *name, *kind; /* kind NULL: foreign */
    const number *numbers;
    const char *blob; /* key of an executable; NULL: none */
} custom;

static const custom customs[] = {
    {"TFLite_Detection_PostProcess", "detection_postprocess", detection_numbers, NULL},
    {"edgetpu-custom-op", NULL, NULL, "4"},
};

static const custom *find_custom(rg_fb_vec name) {
    for (size_t i = 0; i < sizeof customs / sizeof customs[0]; i++) {
        if (name.n == strlen(customs[i].name) && !memcmp(name.data, customs[i].name, name.n))
            return &customs[i];
    }
    return NULL;
}

static void take_numbers(const rg_flex *map, const number *numbers, rg_attr *attrs, uint32_t *n) {
    for (; numbers && numbers->key; numbers++) {
        double value;
        if (!rg_flex_number(map, numbers->key, &value) || !(value >= -1e15 && value <= 1e15))
            continue;
        rg_attr *attr = &attrs[(*n)++];
        *attr = (rg_attr){numbers->key, numbers->whole ? RG_ATTR_INT : RG_ATTR_REAL, 0, 0, NULL};
        if (numbers->whole)
            attr->i = (int64_t)value;
        else
            attr->r = value;
    }
}

static void take_executable(reading *r, const rg_flex *map, const char *key, rg_attr *attrs,
                            uint32_t *n) {
    const unsigned char *data;
    size_t bytes;
    if (key && rg_flex_blob(map, key, &data, &bytes))
        rg_edgetpu_read_package(data, bytes, r->graph->arena, attrs, n);
}

rg_status rg_tflite_read_custom(rg_tflite_reading *r, rg_fb_vec name, rg_fb_table table,
                                rg_node *node) {
    enum { MOST_ATTRS = 16 + RG_EDGETPU_ATTRS };
    const custom *row = find_custom(name);
    if (!row)
        return RG_OK;
    rg_fb_vec options = rg_fb_blob(&r->fb, table, OPERATOR_CUSTOM_OPTIONS);
    rg_attr *attrs = rg_arena_array(r->graph->arena, MOST_ATTRS, sizeof *attrs);
    if (!attrs)
        return rg_tflite_no_memory(r);
    rg_flex map = rg_flex_map(options.data, options.n);
    take_numbers(&map, row->numbers, attrs, &node->n_attrs);
    take_executable(r, &map, row->blob, attrs, &node->n_attrs);
    node->attrs = attrs;
    if (row->kind) {
        node->known = true;
        node->kind = row->kind;
    }
    return rg_tflite_damage(r);
}
