/* VMCS fields by name and encoding, from vmcs_fields.def. */
#include "models/cpu/vmcs.h"

#include <stddef.h>

#define WIDTH(encoding) ((encoding) >> 13 & 3)
enum { WIDTH_16, WIDTH_64, WIDTH_32, WIDTH_NATURAL };
#define TYPE(encoding) ((encoding) >> 10 & 3)
enum { TYPE_CONTROL, TYPE_READ_ONLY, TYPE_GUEST, TYPE_HOST };

static const uint32_t encodings[VMCS_FIELD_COUNT] = {
#define VMCS_FIELD(name, encoding, msr, control, title) encoding,
#include "models/cpu/vmcs_fields.def"
#undef VMCS_FIELD
};

static const char *const reasons[EXIT_REASON_LIMIT] = {
#define EXIT_REASON(name, number, sentence) [number] = #name,
#include "models/cpu/exit_reasons.def"
#undef EXIT_REASON
};

void vmcs_init(struct vmcs *v)
{
    *v = (struct vmcs){0};
    vmcs_set(v, VMCS_PIN_CONTROLS, PIN_DEFAULT1);
    vmcs_set(v, VMCS_PRIMARY_CONTROLS, PRIMARY_DEFAULT1);
    vmcs_set(v, VMCS_EXIT_CONTROLS, EXIT_CTL_DEFAULT1 | EXIT_CTL_HOST_64);
    vmcs_set(v, VMCS_ENTRY_CONTROLS, ENTRY_CTL_DEFAULT1 | ENTRY_CTL_GUEST_64);
    vmcs_set(v, VMCS_LINK_POINTER, UINT64_MAX);
    vmcs_set(v, VMCS_GUEST_RFLAGS, 2);
}

void vmcs_each_held(const struct vmcs *v, void (*each)(void *ctx, irq_id id),
                    void *ctx)
{
    if (v->inject_irq)
        each(ctx, v->inject_irq);
    for (unsigned i = 0; i < 256; i++) {
        if (v->virr_irq[i])
            each(ctx, v->virr_irq[i]);
        if (v->visr_irq[i])
            each(ctx, v->visr_irq[i]);
    }
}

#define INDEX(encoding) ((encoding) >> 1 & 0x1ff)

/* Where an encoding stands: width, type and, as far as it goes, index. */
#define ENCODING_SLOT(encoding)                                                \
    (WIDTH(encoding) << 8 | TYPE(encoding) << 6 | (INDEX(encoding) & 0x3f))

/* A field's number plus 1 at the slot of its encoding. */
static const uint8_t field_at[4 << 8] = {
#define VMCS_FIELD(name, encoding, msr, control, title)                        \
    [ENCODING_SLOT(encoding)] = VMCS_##name + 1,
#include "models/cpu/vmcs_fields.def"
#undef VMCS_FIELD
};

enum vmcs_field vmcs_field_of(uint32_t encoding)
{
    uint8_t f = field_at[ENCODING_SLOT(encoding)];
    bool half = encoding & VMCS_ACCESS_HIGH;

    if (!f || encodings[f - 1] != (encoding & ~VMCS_ACCESS_HIGH) ||
        (half && WIDTH(encoding) != WIDTH_64))
        return VMCS_FIELD_COUNT;
    return (enum vmcs_field)(f - 1);
}

bool vmcs_field_writable(enum vmcs_field f)
{
    return TYPE(encodings[f]) != TYPE_READ_ONLY;
}

uint32_t vmcs_encoding(enum vmcs_field f)
{
    return encodings[f];
}

uint64_t vmcs_field_mask(enum vmcs_field f)
{
    switch (WIDTH(encodings[f])) {
    case WIDTH_16:
        return UINT16_MAX;
    case WIDTH_32:
        return UINT32_MAX;
    default:
        return UINT64_MAX;
    }
}

const char *exit_reason_name(unsigned reason)
{
    return reason < EXIT_REASON_LIMIT ? reasons[reason] : NULL;
}
