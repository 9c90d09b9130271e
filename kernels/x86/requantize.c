/* requantize.c: what the gemm_* kernels ask at load about scales and the range of results. */
#include "kernels/x86/requantize.h"

#include <string.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/conv2d.h"
#include "kernels/ref/fully_connected.h"

static bool positive(const rg_quant *quant) {
    for (uint32_t i = 0; i < quant->n; i++)
        if (!(quant->scale[i] > 0))
            return false;
    return quant->n > 0;
}

bool rg_requant_suits(const rg_op_call *call) {
    return positive(&call->in[0]->quant) && positive(&call->in[1]->quant) &&
           positive(&call->out[0]->quant);
}

rg_requant_out rg_requant_out_of(const rg_op_call *call) {
    bool conv = strcmp(call->op->kind, "conv2d") == 0;
    int activation = conv ? ((const rg_conv_params *)call->params)->activation
                          : ((const rg_fc_params *)call->params)->activation;
    int32_t lower = rg_dtype_low(call->op->out) + 128, low, high;
    rg_activation_range(activation, call->out[0], &low, &high);
    return (rg_requant_out){call->out[0]->quant.zero_point[0] - lower, low - lower, high - lower,
                            (uint8_t)lower};
}
