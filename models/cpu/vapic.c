/* Virtual interrupts: evaluation and delivery, TPR, PPR and EOI. */
#include <endian.h>
#include <string.h>

#include "models/cpu/vapic_private.h"

#define REGISTERS 8u /* of an array of 256 bits */
#define REGISTER_BYTES 16u
#define ARRAY_BYTES (REGISTER_BYTES * (REGISTERS - 1) + 4u)

static uint32_t array_register(const unsigned char *array, unsigned i)
{
    uint32_t word;

    memcpy(&word, array + REGISTER_BYTES * i, sizeof word);
    return le32toh(word);
}

static uint64_t vector_word(const unsigned char *array, unsigned i)
{
    return array_register(array, 2 * i) |
           (uint64_t)array_register(array, 2 * i + 1) << 32;
}

/* The array itself, or its copy where it lies in two pages. */
static const unsigned char *look(struct mem *m, uint64_t at,
                                 unsigned char copy[ARRAY_BYTES])
{
    const unsigned char *array = mem_look(m, at, ARRAY_BYTES);

    if (array)
        return array;
    mem_read(m, at, copy, ARRAY_BYTES);
    return copy;
}

struct vecset vapic_vectors(struct mem *m, uint64_t at)
{
    unsigned char copy[ARRAY_BYTES];
    const unsigned char *array = look(m, at, copy);

    return (struct vecset){{vector_word(array, 0), vector_word(array, 1),
                            vector_word(array, 2), vector_word(array, 3)}};
}

uint8_t vapic_top(struct mem *m, uint64_t at)
{
    unsigned char copy[ARRAY_BYTES];
    const unsigned char *array = look(m, at, copy);
    uint32_t any = 0, word;
    unsigned i;

    for (i = 0; i < REGISTERS; i++)
        any |= array_register(array, i);
    if (!any)
        return 0;
    do
        word = array_register(array, --i);
    while (!word);
    return (uint8_t)(32 * i + 31 - (unsigned)__builtin_clz(word));
}

static uint32_t array_word(enum vapic_offset array, unsigned i)
{
    return (uint32_t)array + 0x10 * i;
}

/* True if it was set already.  The four bytes behind a register are there, and
 * stay as they are. */
static bool array_set(const struct cpu *c, struct mem *m,
                      enum vapic_offset array, uint8_t vector)
{
    uint64_t at = vapic_at(c, array_word(array, vector / 32));
    uint64_t bit = 1u << vector % 32;

    return (mem_fetch_or64(m, at, bit) & bit) != 0;
}

static void array_clear(const struct cpu *c, struct mem *m,
                        enum vapic_offset array, uint8_t vector)
{
    uint64_t at = vapic_at(c, array_word(array, vector / 32));

    mem_fetch_and64(m, at, ~(UINT64_C(1) << vector % 32));
}

static uint8_t array_top(const struct cpu *c, struct mem *m,
                         enum vapic_offset array)
{
    return vapic_top(m, vapic_at(c, array));
}

static void ppr_virtualization(struct cpu *c, struct mem *m)
{
    uint8_t vtpr = vapic_vtpr(c, m), svi = c->vapic.svi;

    vapic_put(c, m, VAPIC_PPR,
              class_of(vtpr) >= class_of(svi) ? vtpr : svi & 0xf0u);
}

void vapic_evaluate(struct cpu *c, struct mem *m)
{
    int vppr = (int)(vapic_get(c, m, VAPIC_PPR) & 0xff);

    c->vapic.recognized = !vapic_primary(c, PRIMARY_INTERRUPT_WINDOW) &&
                          class_of(c->vapic.rvi) > class_of(vppr);
}

bool vapic_request(const struct cpu *c, struct mem *m, uint8_t vector)
{
    return array_set(c, m, VAPIC_IRR, vector);
}

static bool below_threshold(const struct cpu *c, struct mem *m)
{
    int threshold = (int)(vmcs_get(c->vmcs, VMCS_TPR_THRESHOLD) & 0xf);

    return class_of(vapic_vtpr(c, m)) < threshold;
}

struct vapic_out vapic_tpr_virtualization(struct cpu *c, struct mem *m)
{
    struct vapic_out out = {0};

    if (vapic_vid(c)) {
        ppr_virtualization(c, m);
        vapic_evaluate(c, m);
    } else if (below_threshold(c, m)) {
        out.exits = true;
        out.exit.reason = EXIT_TPR_BELOW_THRESHOLD;
    }
    return out;
}

static bool eoi_exits(const struct vmcs *v, uint8_t vector)
{
    enum vmcs_field word =
        (enum vmcs_field)(VMCS_EOI_EXIT_BITMAP_0 + vector / 64);

    return vmcs_get(v, word) >> vector % 64 & 1;
}

struct vapic_out vapic_eoi_virtualization(struct cpu *c, struct mem *m)
{
    uint8_t vector = c->vapic.svi;
    struct vapic_out out = {.event = VAPIC_ENDED, .vector = vector};

    array_clear(c, m, VAPIC_ISR, vector);
    c->vapic.svi = array_top(c, m, VAPIC_ISR);
    ppr_virtualization(c, m);
    if (eoi_exits(c->vmcs, vector)) {
        out.exits = true;
        out.exit.reason = EXIT_EOI_INDUCED;
        out.exit.qualification = vector;
    } else {
        vapic_evaluate(c, m);
    }
    return out;
}

struct vapic_out vapic_self_ipi(struct cpu *c, struct mem *m, uint8_t vector)
{
    struct vapic_out out = {.event = VAPIC_REQUESTED, .vector = vector};

    out.merged = vapic_request(c, m, vector);
    if (vector > c->vapic.rvi)
        c->vapic.rvi = vector;
    vapic_evaluate(c, m);
    return out;
}

uint8_t vapic_deliver(struct cpu *c, struct mem *m)
{
    uint8_t vector = c->vapic.rvi;

    array_set(c, m, VAPIC_ISR, vector);
    c->vapic.svi = vector;
    vapic_put(c, m, VAPIC_PPR, vector & 0xf0u);
    array_clear(c, m, VAPIC_IRR, vector);
    c->vapic.rvi = array_top(c, m, VAPIC_IRR);
    c->vapic.recognized = false; /* the next one waits for an evaluation */
    return vector;
}

void vapic_end_notification(struct cpu *c, struct mem *m)
{
    array_clear(c, m, VAPIC_ISR, c->vapic.svi);
    c->vapic.svi = array_top(c, m, VAPIC_ISR);
    ppr_virtualization(c, m);
}

/* Not in shutdown, nor waiting for a SIPI; an injected event ends both. */
static bool takes_threshold_exit(const struct cpu *c)
{
    struct cpu_vectored injected;

    return c->activity == ACTIVITY_ACTIVE || c->activity == ACTIVITY_HLT ||
           cpu_entry_injects(c, &injected);
}

void vapic_enter(struct cpu *c, struct mem *m)
{
    const struct vmcs *v = c->vmcs;
    uint64_t status = vmcs_get(v, VMCS_GUEST_INTERRUPT_STATUS);

    c->vapic = (struct cpu_vapic){0};
    if (!vapic_primary(c, PRIMARY_TPR_SHADOW))
        return;
    if (!vapic_vid(c)) {
        c->vapic.below_threshold =
            vapic_secondary(c, SECONDARY_VIRTUALIZE_APIC_ACCESSES) &&
            takes_threshold_exit(c) && below_threshold(c, m);
        return;
    }
    c->vapic.rvi = (uint8_t)status;
    c->vapic.svi = (uint8_t)(status >> 8);
    ppr_virtualization(c, m);
    vapic_evaluate(c, m);
}

void vapic_leave(struct cpu *c)
{
    if (vapic_vid(c))
        vmcs_set(c->vmcs, VMCS_GUEST_INTERRUPT_STATUS,
                 c->vapic.rvi | (uint64_t)c->vapic.svi << 8);
    c->vapic = (struct cpu_vapic){0};
}
