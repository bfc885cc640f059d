/* The guest's accesses to the APIC-access page, and APIC-write emulation. */
#include "models/cpu/vapic_private.h"

/* Controls that make the processor serve a register, as bits of a row. */
enum { REG = 1, VID = 2, IPIV = 4, TPR = 8 };

struct served {
    uint8_t reads, writes;
};

/* By 16-byte slot. */
static const struct served served[64] = {
#define VAPIC_REG(name, first, last, reads, writes, title)                     \
    [(first) / 16 ...(last) / 16] = {reads, writes},
#include "models/cpu/vapic_regs.def"
#undef VAPIC_REG
};

static unsigned acting(const struct cpu *c)
{
    unsigned controls = TPR;

    if (vapic_secondary(c, SECONDARY_APIC_REGISTER_VIRTUALIZATION))
        controls |= REG;
    if (vapic_vid(c))
        controls |= VID;
    if (vapic_tertiary(c, TERTIARY_IPI_VIRTUALIZATION))
        controls |= IPIV;
    return controls;
}

/* May it follow what the same operation has written to the page? */
static bool fits_earlier_write(const struct cpu *c,
                               const struct vapic_access *a)
{
    const struct cpu_vapic *w = &c->vapic;

    if (!w->written)
        return true;
    return a->type == VAPIC_WRITE && a->offset == w->write_offset &&
           a->bytes == w->write_bytes;
}

bool vapic_virtualizes(const struct cpu *c, const struct vapic_access *a)
{
    struct served s;
    unsigned controls;

    if (!vapic_primary(c, PRIMARY_TPR_SHADOW) ||
        (a->type != VAPIC_READ && a->type != VAPIC_WRITE))
        return false;
    if (a->offset % 16 + a->bytes > 4 || a->offset >= 0x400 ||
        !fits_earlier_write(c, a))
        return false;
    s = served[a->offset / 16];
    controls = acting(c) & (a->type == VAPIC_READ ? s.reads : s.writes);
    return (controls & REG) || (controls && a->offset % 16 == 0);
}

struct cpu_exit vapic_access_exit(const struct vapic_access *a)
{
    return (struct cpu_exit){
        .reason = EXIT_APIC_ACCESS,
        .qualification = a->offset | (uint64_t)a->type << 12,
        .instruction_length = 1,
    };
}

uint32_t vapic_read(struct cpu *c, struct mem *m, const struct vapic_access *a)
{
    uint8_t byte[4] = {0};

    mem_read(m, vapic_at(c, a->offset), byte, a->bytes);
    return byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 |
           (uint32_t)byte[3] << 24;
}

void vapic_write(struct cpu *c, struct mem *m, const struct vapic_access *a)
{
    uint8_t byte[4] = {
        (uint8_t)a->value,
        (uint8_t)(a->value >> 8),
        (uint8_t)(a->value >> 16),
        (uint8_t)(a->value >> 24),
    };

    mem_write(m, vapic_at(c, a->offset), byte, a->bytes);
    c->vapic.written = true;
    c->vapic.write_offset = a->offset;
    c->vapic.write_bytes = a->bytes;
}

/* Self, fixed, edge, vector of at least 16; bits 14 and 11 do not matter. */
#define SELF_IPI_LOOKED_AT 0xffffb700u
#define SELF_IPI_FORM 0x00040000u

static struct vapic_out icr_write(struct cpu *c, struct mem *m)
{
    uint32_t command = vapic_get(c, m, VAPIC_ICR_LOW);

    if (vapic_vid(c) && (command & SELF_IPI_LOOKED_AT) == SELF_IPI_FORM &&
        (command & 0xf0))
        return vapic_self_ipi(c, m, (uint8_t)command);
    return vapic_ipi(c, m, command, vapic_get(c, m, VAPIC_ICR_HIGH) >> 24);
}

static struct vapic_out eoi_write(struct cpu *c, struct mem *m)
{
    if (!vapic_vid(c))
        return vapic_write_exit(VAPIC_EOI);
    vapic_put(c, m, VAPIC_EOI, 0);
    return vapic_eoi_virtualization(c, m);
}

struct vapic_out vapic_complete(struct cpu *c, struct mem *m)
{
    if (!c->vapic.written)
        return (struct vapic_out){0};
    c->vapic.written = false;
    switch (c->vapic.write_offset) {
    case VAPIC_TPR:
        vapic_put(c, m, VAPIC_TPR, vapic_vtpr(c, m));
        return vapic_tpr_virtualization(c, m);
    case VAPIC_EOI:
        return eoi_write(c, m);
    case VAPIC_ICR_LOW:
        return icr_write(c, m);
    case VAPIC_ICR_HIGH:
        vapic_put(c, m, VAPIC_ICR_HIGH,
                  vapic_get(c, m, VAPIC_ICR_HIGH) & 0xff000000);
        return (struct vapic_out){0};
    default:
        return vapic_write_exit(c->vapic.write_offset);
    }
}
