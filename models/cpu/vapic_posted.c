/* Posted interrupts: receiving them, and sending them by IPI virtualization. */
#include "models/cpu/vapic_private.h"

bool vapic_notifies(const struct cpu *c, uint8_t vector)
{
    return (vmcs_get32(c->vmcs, VMCS_PIN_CONTROLS) & PIN_POSTED_INTERRUPTS) &&
           vmcs_get(c->vmcs, VMCS_NOTIFICATION_VECTOR) == vector;
}

static uint64_t descriptor(const struct cpu *c)
{
    return vmcs_get(c->vmcs, VMCS_POSTED_DESCRIPTOR_ADDRESS);
}

/* First of all: a post that comes behind it notifies again. */
void vapic_clear_on(const struct cpu *c, struct mem *m)
{
    mem_fetch_and64(m, descriptor(c) + PID_CONTROL, ~PID_ON);
}

void vapic_take_pir(const struct cpu *c, struct mem *m, unsigned group,
                    struct vapic_taken *taken)
{
    uint64_t at = descriptor(c) + PID_PIR + 8 * group;
    uint64_t vectors = mem_read64(m, at) ? mem_exchange64(m, at, 0) : 0;

    taken->vectors.word[group] = vectors;
    for (; vectors; vectors &= vectors - 1) {
        unsigned bit = (unsigned)__builtin_ctzll(vectors);

        if (vapic_request(c, m, (uint8_t)(64 * group + bit)))
            vecset_add(&taken->merged, (uint8_t)(64 * group + bit));
    }
}

void vapic_end_posted(struct cpu *c, struct mem *m,
                      const struct vapic_taken *taken)
{
    int top = vecset_top(&taken->vectors);

    if (top > c->vapic.rvi)
        c->vapic.rvi = (uint8_t)top;
    vapic_evaluate(c, m);
}

struct vapic_taken vapic_take_posted(struct cpu *c, struct mem *m)
{
    struct vapic_taken taken = {0};
    uint64_t pir[VAPIC_PIR_GROUPS];

    mem_read(m, descriptor(c) + PID_PIR, pir, sizeof pir);
    for (unsigned i = 0; i < VAPIC_PIR_GROUPS; i++)
        if (pir[i])
            vapic_take_pir(c, m, i, &taken);
    vapic_end_posted(c, m, &taken);
    return taken;
}

/* Fixed, physical, no shorthand, edge; bit 14 does not matter. */
#define IPI_ZERO 0xffffbf00u

/* An entry of the PID-pointer table: bit 0 says that it is valid. */
#define PID_POINTER_VALID 1u
#define PID_POINTER_LOW 0x3fu

/* The descriptor of a virtual APIC ID; false: the table has none. */
static bool find_descriptor(const struct cpu *c, struct mem *m, uint32_t target,
                            uint64_t *pid)
{
    const struct vmcs *v = c->vmcs;
    uint64_t entry;

    if (target > vmcs_get(v, VMCS_LAST_PID_POINTER_INDEX))
        return false;
    entry =
        mem_read64(m, vmcs_get(v, VMCS_PID_POINTER_TABLE_ADDRESS) + 8 * target);
    *pid = entry & ~(uint64_t)PID_POINTER_LOW;
    return (entry & PID_POINTER_LOW) == PID_POINTER_VALID &&
           !(entry >> c->vmx.physical_bits);
}

struct vapic_out vapic_ipi(const struct cpu *c, struct mem *m, uint32_t command,
                           uint32_t target)
{
    uint8_t vector = (uint8_t)command;
    struct vapic_out out = {.event = VAPIC_POSTED, .vector = vector};

    if (!vapic_tertiary(c, TERTIARY_IPI_VIRTUALIZATION) ||
        (command & IPI_ZERO) || vector < 16 ||
        !find_descriptor(c, m, target, &out.descriptor))
        return vapic_write_exit(VAPIC_ICR_LOW);
    out.posted = pid_post(m, out.descriptor, vector, false);
    out.merged = out.posted.merged;
    return out;
}

bool vapic_has_senduipi(const struct cpu *c)
{
    return c->non_root && vapic_primary(c, PRIMARY_TPR_SHADOW);
}

struct vapic_out vapic_senduipi(struct cpu *c, struct mem *m, uint8_t vector,
                                uint32_t ndst)
{
    uint32_t id = ndst;

    if (vapic_secondary(c, SECONDARY_VIRTUALIZE_APIC_ACCESSES)) {
        id = ndst >> 8 & 0xff;
        vapic_put(c, m, VAPIC_ICR_HIGH, id << 24);
        vapic_put(c, m, VAPIC_ICR_LOW, vector);
    } else {
        mem_write64(m, vapic_at(c, VAPIC_ICR_LOW),
                    (uint64_t)ndst << 32 | vector);
    }
    return vapic_ipi(c, m, vector, id);
}
