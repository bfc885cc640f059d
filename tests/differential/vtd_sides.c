/* Both sides of vtd_sides.h. */
#include "tests/differential/vtd_sides.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define UNIT UINT64_C(0xfed90000)
#define DEVICE_BAR UINT64_C(0xe0000000)
#define DEVICE_RAISE 0x60u
#define DEVICE_ACK 0x64u
#define CONFIG_ADDR 0xcf8
#define CONFIG_DATA 0xcfc
#define MSI_CAPABILITY 0x40u
#define COMMAND 0x04u
#define BAR0 0x10u

void vtd_say(struct vtd_sides *d, bool fine, const char *format, ...)
{
    va_list args;

    printf("%s - %s: ", fine ? "ok" : "not ok", d->peer->name);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    d->failed += !fine;
}

/* ---- our side ---- */

static void note(struct vtd_sides *d, const struct iommu_message *m)
{
    d->ours[d->our_messages++] =
        (struct message){.addr = 0xfee00000u | (m->dest & 0xff) << 12 |
                                 (uint64_t)(m->dest & ~UINT32_C(0xff)) << 32 |
                                 (m->hint ? 8u : 0) | (m->logical ? 4u : 0),
                         .data = m->vector | (uint32_t)m->mode << 8 | 1u << 14 |
                                 (m->level ? 1u << 15 : 0)};
}

/* Events of the unit are plain writes of their registers. */
static void note_event(struct vtd_sides *d, enum iommu_reg addr,
                       enum iommu_reg data)
{
    d->ours[d->our_messages++] =
        (struct message){.addr = (uint32_t)d->unit.reg[addr],
                         .data = (uint32_t)d->unit.reg[data]};
}

static void take(struct vtd_sides *d, const struct iommu_out *out,
                 const struct iommu_request *r)
{
    if (out->outcome == IOMMU_REMAPPED)
        note(d, &out->message);
    if (out->outcome == IOMMU_PASSED && r) {
        d->ours[d->our_messages++] =
            (struct message){(uint32_t)r->addr, r->data, false};
    }
    if (out->invalidation_event)
        note_event(d, IOMMU_IEADDR, IOMMU_IEDATA);
    if (out->fault_event)
        note_event(d, IOMMU_FEADDR, IOMMU_FEDATA);
    d->faults += out->outcome == IOMMU_BLOCKED;
}

static void serve(struct vtd_sides *d, enum iommu_port port)
{
    while (iommu_wants(&d->unit, port)) {
        struct iommu_access a = iommu_access(&d->unit, port);
        struct iommu_out out;

        if (a.kind == IOMMU_ACCESS_WRITE)
            mem_write(&d->mem, a.addr, a.data, a.bytes);
        else
            mem_read(&d->mem, a.addr, a.data, a.bytes);
        iommu_answer(&d->unit, port, a.data, &out);
        take(d, &out, NULL);
    }
}

/* ---- both sides ---- */

void vtd_put(struct vtd_sides *d, uint32_t offset, unsigned bytes,
             uint64_t value)
{
    struct iommu_mmio a = {offset, bytes, value};
    struct iommu_out out = iommu_write(&d->unit, &a);

    take(d, &out, NULL);
    serve(d, IOMMU_PORT_QUEUE);
    qemu_write(&d->qemu, UNIT + offset, bytes, value);
}

void vtd_put_memory(struct vtd_sides *d, uint64_t addr, uint64_t value)
{
    mem_write64(&d->mem, addr, value);
    qemu_write(&d->qemu, addr, 8, value);
}

void vtd_command(struct vtd_sides *d, uint32_t set, uint32_t clear)
{
    uint32_t levels = (uint32_t)d->unit.reg[IOMMU_GSTS] & IOMMU_LEVEL_COMMANDS;

    vtd_put(d, IOMMU_AT_GCMD, 4, (levels | set) & ~clear);
}

void vtd_set_table(struct vtd_sides *d, uint64_t irta)
{
    vtd_put(d, IOMMU_AT_IRTA, 8, irta);
    vtd_command(d, IOMMU_SIRTP, 0);
}

static void configure(struct vtd_sides *d, unsigned offset, unsigned bytes,
                      uint32_t value)
{
    qemu_out(&d->qemu, CONFIG_ADDR, 4, 0x80000000u | VTD_DEVFN << 8 | offset);
    qemu_out(&d->qemu, CONFIG_DATA, bytes, value);
}

void vtd_clear_only_record(struct vtd_sides *d)
{
    const struct iommu_mmio a = {IOMMU_AT_FRCD_HIGH, 8, IOMMU_RECORD_F};

    iommu_write(&d->unit, &a);
    qemu_write(&d->qemu, UNIT + d->peer->record_at + 8, 8, IOMMU_RECORD_F);
}

void vtd_clear_record(struct vtd_sides *d)
{
    if (!d->peer->records)
        return;
    vtd_clear_only_record(d);
    vtd_put(d, IOMMU_AT_FSTS, 4, 0);
}

static unsigned reason_of(uint64_t high)
{
    return high & IOMMU_RECORD_F ? high >> IOMMU_RECORD_REASON_SHIFT & 0xff : 0;
}

void vtd_reasons(struct vtd_sides *d, unsigned *ours, unsigned *theirs)
{
    *ours = *theirs = 0;
    if (!d->peer->records)
        return;
    *ours = reason_of(d->unit.record[0][1]);
    *theirs = reason_of(qemu_read(&d->qemu, UNIT + d->peer->record_at + 8, 8));
}

void vtd_read(struct vtd_sides *d, uint32_t offset, uint32_t *ours,
              uint32_t *theirs)
{
    struct iommu_mmio a = {offset, 4, 0};

    iommu_read(&d->unit, &a);
    *ours = (uint32_t)a.value;
    *theirs = (uint32_t)qemu_read(&d->qemu, UNIT + offset, 4);
}

void vtd_forget_messages(struct vtd_sides *d)
{
    d->our_messages = d->qemu.answer.messages = 0;
}

void vtd_request(struct vtd_sides *d, uint32_t addr, uint32_t data)
{
    struct iommu_request r = {addr, data, 4, VTD_DEVFN};
    struct iommu_out out;

    d->our_messages = d->qemu.answer.messages = 0;
    iommu_request(&d->unit, &r, &out);
    take(d, &out, &r);
    serve(d, IOMMU_PORT_REQUEST);
    configure(d, MSI_CAPABILITY + 4, 4, addr);
    configure(d, MSI_CAPABILITY + 12, 4, data);
    d->qemu.answer.messages = 0;
    qemu_write(&d->qemu, DEVICE_BAR + DEVICE_RAISE, 4, 1);
    qemu_write(&d->qemu, DEVICE_BAR + DEVICE_ACK, 4, 1);
}

/* ---- comparing ---- */

static const struct seen {
    const char *name;
    uint32_t offset;
    unsigned bytes;
    uint64_t mask;
} looked_at[] = {
    {"GSTS", IOMMU_AT_GSTS, 4, UINT32_MAX},
    {"FSTS.IQE", IOMMU_AT_FSTS, 4, IOMMU_IQE},
    {"IQH", IOMMU_AT_IQH, 8, UINT64_MAX},
    {"IQT", IOMMU_AT_IQT, 8, UINT64_MAX},
    {"IQA", IOMMU_AT_IQA, 8, UINT64_MAX},
    {"ICS", IOMMU_AT_ICS, 4, UINT32_MAX},
    {"IECTL", IOMMU_AT_IECTL, 4, UINT32_MAX},
    {"IEDATA", IOMMU_AT_IEDATA, 4, UINT32_MAX},
    {"IEADDR", IOMMU_AT_IEADDR, 4, UINT32_MAX},
    {"IEUADDR", IOMMU_AT_IEUADDR, 4, UINT32_MAX},
    {"IRTA", IOMMU_AT_IRTA, 8, UINT64_MAX},
    {"FEADDR", IOMMU_AT_FEADDR, 4, UINT32_MAX},
    {"FEDATA", IOMMU_AT_FEDATA, 4, UINT32_MAX},
};

#define LOOKED_AT (sizeof looked_at / sizeof looked_at[0])

/* The first message that is not the same, or as many as there are. */
static unsigned first_difference(const struct vtd_sides *d)
{
    const struct answer *theirs = &d->qemu.answer;
    unsigned i = 0;

    while (i < d->our_messages && i < theirs->messages &&
           d->ours[i].addr == theirs->message[i].addr &&
           d->ours[i].data == theirs->message[i].data)
        i++;
    return i;
}

bool vtd_same_message(struct vtd_sides *d)
{
    const struct message none = {0};
    const struct answer *theirs = &d->qemu.answer;
    unsigned i = first_difference(d);
    const struct message *o = i < d->our_messages ? &d->ours[i] : &none;
    const struct message *t =
        i < theirs->messages ? &theirs->message[i] : &none;

    d->compared++;
    d->sent += theirs->messages;
    if (i == d->our_messages && i == theirs->messages)
        return true;
    vtd_say(d, false,
            "seed %" PRIu64 ", step %" PRIu64 ": message %u of %u and %u: "
            "by the page %" PRIx64 " %x, QEMU %" PRIx64 " %x",
            d->seed, d->step, i, d->our_messages, theirs->messages, o->addr,
            o->data, t->addr, t->data);
    return false;
}

/* Of the one fault record that each side has, at an offset of its own. */
static uint32_t their_offset(const struct vtd_sides *d, uint32_t offset)
{
    return offset < IOMMU_AT_FRCD_LOW
               ? offset
               : offset - IOMMU_AT_FRCD_LOW + d->peer->record_at;
}

static bool same_register(struct vtd_sides *d, const struct seen *s)
{
    uint64_t at = UNIT + their_offset(d, s->offset);
    uint64_t theirs = qemu_read(&d->qemu, at, s->bytes) & s->mask;
    struct iommu_mmio a = {s->offset, s->bytes, 0};

    iommu_read(&d->unit, &a);
    d->compared++;
    if ((a.value & s->mask) == theirs)
        return true;
    vtd_say(d, false,
            "seed %" PRIu64 ", step %" PRIu64 ": %s by the page %" PRIx64
            ", QEMU %" PRIx64,
            d->seed, d->step, s->name, a.value & s->mask, theirs);
    return false;
}

static const struct seen faults[] = {
    {"FSTS", IOMMU_AT_FSTS, 4, UINT32_MAX},
    {"FECTL", IOMMU_AT_FECTL, 4, UINT32_MAX},
    {"record, bits 127:64", IOMMU_AT_FRCD_HIGH, 8, UINT64_MAX},
    {"record, bits 63:0", IOMMU_AT_FRCD_LOW, 8, UINT64_MAX},
};

/* What a record says that is not in use is of no account. */
bool vtd_same_faults(struct vtd_sides *d)
{
    unsigned n = sizeof faults / sizeof faults[0];

    if (!d->peer->records)
        return true;
    if (!(d->unit.record[0][1] & IOMMU_RECORD_F))
        n -= 2;
    for (unsigned i = 0; i < n; i++)
        if (!same_register(d, &faults[i]))
            return false;
    return true;
}

static bool same_status(struct vtd_sides *d)
{
    uint32_t ours = mem_read32(&d->mem, VTD_STATUS);
    uint32_t theirs = (uint32_t)qemu_read(&d->qemu, VTD_STATUS, 4);

    d->compared++;
    if (ours != theirs)
        vtd_say(d, false,
                "seed %" PRIu64 ", step %" PRIu64 ": status %x, QEMU %x",
                d->seed, d->step, ours, theirs);
    return ours == theirs;
}

bool vtd_same_state(struct vtd_sides *d)
{
    for (unsigned i = 0; i < LOOKED_AT; i++)
        if (!same_register(d, &looked_at[i]))
            return false;
    return same_status(d);
}

/* ---- the course ---- */

void vtd_set_up(struct vtd_sides *d)
{
    struct iommu_config config = {.faults = 1,
                                  .mhmv = 15,
                                  .sets = 1,
                                  .extended = d->peer->extended,
                                  .compress = true};

    iommu_init(&d->unit, &config);
    configure(d, BAR0, 4, (uint32_t)DEVICE_BAR);
    configure(d, COMMAND, 2, 6);
    configure(d, MSI_CAPABILITY + 2, 2, 1);
    vtd_put(d, IOMMU_AT_IQA, 8, VTD_QUEUE);
    vtd_put(d, IOMMU_AT_IQT, 8, 0);
    vtd_command(d, IOMMU_QIE, 0);
    vtd_set_table(d, VTD_TABLE(0) | 3);
    vtd_command(d, IOMMU_IRE, 0);
}
