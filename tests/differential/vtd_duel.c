/*
 * The VT-d unit beside QEMU's intel-iommu: table entries, requests of a PCI
 * device (QEMU's `edu`, whose MSI capability and trigger are written by us),
 * invalidations, waits, registers.
 *
 * QEMU 7.2 has no EIM without KVM, no posting, no entry cache, and does not
 * record faults of interrupt requests: here a fault is that nothing is sent.
 * Its MSI data has 16 bits, so fault 20h is not reached.
 */
#include "tests/differential/vtd_duel.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "models/iommu/iommu.h"
#include "sim/core/mem.h"
#include "sim/core/rng.h"
#include "tests/differential/qemu.h"

#define UNIT UINT64_C(0xfed90000)
#define DEVICE_BAR UINT64_C(0xe0000000)
#define DEVICE_RAISE 0x60u
#define DEVICE_ACK 0x64u
#define DEVFN 0x10u /* bus 0, device 2, function 0 */
#define CONFIG_ADDR 0xcf8
#define CONFIG_DATA 0xcfc
#define MSI_CAPABILITY 0x40u
#define COMMAND 0x04u
#define BAR0 0x10u

#define TABLES 2u
#define TABLE(i) (UINT64_C(0x200000) + 0x100000u * (i))
#define QUEUE UINT64_C(0x400000)
#define STATUS UINT64_C(0x410000)
#define ENTRIES 16u /* that are used */
#define PAGES 64u

struct vtd_duel {
    struct iommu unit;
    struct mem mem;
    struct mem_page page[PAGES];
    struct qemu qemu;
    struct rng rng;
    uint64_t seed, step, tail, compared, sent;
    struct message ours; /* of the last request or event */
    unsigned our_messages;
    unsigned failed;
};

static unsigned below(struct vtd_duel *d, unsigned n)
{
    return (unsigned)rng_below(&d->rng, n);
}

__attribute__((format(printf, 3, 4))) static void
say(struct vtd_duel *d, bool fine, const char *format, ...)
{
    va_list args;

    printf("%s - VT-d: ", fine ? "ok" : "not ok");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    d->failed += !fine;
}

/* ---- our side ---- */

static void note(struct vtd_duel *d, const struct iommu_message *m)
{
    d->our_messages++;
    d->ours =
        (struct message){.addr = 0xfee00000u | m->dest << 12 |
                                 (m->hint ? 8u : 0) | (m->logical ? 4u : 0),
                         .data = m->vector | (uint32_t)m->mode << 8 | 1u << 14 |
                                 (m->level ? 1u << 15 : 0)};
}

/* Events of the unit are plain writes of their registers. */
static void note_event(struct vtd_duel *d)
{
    d->our_messages++;
    d->ours = (struct message){.addr = (uint32_t)d->unit.reg[IOMMU_IEADDR],
                               .data = (uint32_t)d->unit.reg[IOMMU_IEDATA]};
}

static void take(struct vtd_duel *d, const struct iommu_out *out,
                 const struct iommu_request *r)
{
    if (out->outcome == IOMMU_REMAPPED)
        note(d, &out->message);
    if (out->outcome == IOMMU_PASSED && r) {
        d->our_messages++;
        d->ours = (struct message){(uint32_t)r->addr, r->data, false};
    }
    if (out->invalidation_event)
        note_event(d);
}

static void serve(struct vtd_duel *d, enum iommu_port port)
{
    while (iommu_wants(&d->unit, port)) {
        struct iommu_access a = iommu_access(&d->unit, port);
        struct iommu_out out;

        if (a.kind == IOMMU_ACCESS_WRITE)
            mem_write(&d->mem, a.addr, a.data, a.bytes);
        else
            mem_read(&d->mem, a.addr, a.data, a.bytes);
        out = iommu_answer(&d->unit, port, a.data);
        take(d, &out, NULL);
    }
}

/* ---- both sides ---- */

static void put(struct vtd_duel *d, uint32_t offset, unsigned bytes,
                uint64_t value)
{
    struct iommu_mmio a = {offset, bytes, value};
    struct iommu_out out = iommu_write(&d->unit, &a);

    take(d, &out, NULL);
    serve(d, IOMMU_PORT_QUEUE);
    qemu_write(&d->qemu, UNIT + offset, bytes, value);
}

static void put_memory(struct vtd_duel *d, uint64_t addr, uint64_t value)
{
    mem_write64(&d->mem, addr, value);
    qemu_write(&d->qemu, addr, 8, value);
}

static void command(struct vtd_duel *d, uint32_t set, uint32_t clear)
{
    uint32_t levels = (uint32_t)d->unit.reg[IOMMU_GSTS] & IOMMU_LEVEL_COMMANDS;

    put(d, IOMMU_AT_GCMD, 4, (levels | set) & ~clear);
}

static void set_table(struct vtd_duel *d, uint64_t irta)
{
    put(d, IOMMU_AT_IRTA, 8, irta);
    command(d, IOMMU_SIRTP, 0);
}

static void put_entry(struct vtd_duel *d, unsigned table, unsigned index,
                      struct iommu_entry e)
{
    put_memory(d, TABLE(table) + 16 * index, e.low);
    put_memory(d, TABLE(table) + 16 * index + 8, e.high);
}

static void configure(struct vtd_duel *d, unsigned offset, unsigned bytes,
                      uint32_t value)
{
    qemu_out(&d->qemu, CONFIG_ADDR, 4, 0x80000000u | DEVFN << 8 | offset);
    qemu_out(&d->qemu, CONFIG_DATA, bytes, value);
}

/* The device sends its message. */
static void request(struct vtd_duel *d, uint32_t addr, uint32_t data)
{
    struct iommu_request r = {addr, data, 4, DEVFN};
    struct iommu_out out;

    d->our_messages = d->qemu.answer.messages = 0;
    out = iommu_request(&d->unit, &r);
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

static bool same_message(struct vtd_duel *d)
{
    const struct answer *theirs = &d->qemu.answer;
    const struct message *t = &theirs->message[0];

    d->compared++;
    d->sent += theirs->messages;
    if (d->our_messages == theirs->messages &&
        (!theirs->messages ||
         (d->ours.addr == t->addr && d->ours.data == t->data)))
        return true;
    say(d, false,
        "seed %" PRIu64 ", step %" PRIu64 ": by the page %u messages %x %x, "
        "QEMU %u %x %x",
        d->seed, d->step, d->our_messages, d->our_messages ? d->ours.addr : 0,
        d->our_messages ? d->ours.data : 0, theirs->messages,
        theirs->messages ? t->addr : 0, theirs->messages ? t->data : 0);
    return false;
}

static bool same_register(struct vtd_duel *d, const struct seen *s)
{
    struct iommu_mmio a = {s->offset, s->bytes, 0};
    uint64_t theirs = qemu_read(&d->qemu, UNIT + s->offset, s->bytes) & s->mask;

    iommu_read(&d->unit, &a);
    d->compared++;
    if ((a.value & s->mask) == theirs)
        return true;
    say(d, false,
        "seed %" PRIu64 ", step %" PRIu64 ": %s by the page %" PRIx64
        ", QEMU %" PRIx64,
        d->seed, d->step, s->name, a.value & s->mask, theirs);
    return false;
}

static bool same_status(struct vtd_duel *d)
{
    uint32_t ours = mem_read32(&d->mem, STATUS);
    uint32_t theirs = (uint32_t)qemu_read(&d->qemu, STATUS, 4);

    d->compared++;
    if (ours != theirs)
        say(d, false, "seed %" PRIu64 ", step %" PRIu64 ": status %x, QEMU %x",
            d->seed, d->step, ours, theirs);
    return ours == theirs;
}

static bool same_state(struct vtd_duel *d)
{
    for (unsigned i = 0; i < LOOKED_AT; i++)
        if (!same_register(d, &looked_at[i]))
            return false;
    return same_status(d);
}

/* ---- random operations ---- */

static struct iommu_entry draw_entry(struct vtd_duel *d)
{
    static const uint8_t modes[] = {0, 0, 0, 1, 2, 4, 5, 7};
    uint64_t low = below(d, 8) ? IOMMU_IRTE_P : 0;
    uint64_t high = below(d, 4) ? DEVFN : below(d, 65536);

    low |= below(d, 2) * IOMMU_IRTE_FPD;
    low |= below(d, 2) * IOMMU_IRTE_DM | below(d, 2) * IOMMU_IRTE_RH |
           below(d, 2) * IOMMU_IRTE_TM;
    low |= (uint64_t)modes[below(d, sizeof modes)] << IOMMU_IRTE_DLM_SHIFT;
    low |= (uint64_t)below(d, 256) << IOMMU_IRTE_VECTOR_SHIFT;
    low |= (uint64_t)below(d, 256) << IOMMU_IRTE_DST8_SHIFT;
    low |= (uint64_t)below(d, 16) << 8; /* available to software */
    if (!below(d, 8))
        low |= UINT64_C(1) << (24 + below(d, 8)); /* reserved */
    if (!below(d, 16))
        high |= UINT64_C(1) << (20 + below(d, 44)); /* likewise */
    high |= (uint64_t)below(d, 4) << IOMMU_IRTE_SQ_SHIFT |
            (uint64_t)below(d, 2) << IOMMU_IRTE_SVT_SHIFT;
    return (struct iommu_entry){low, high};
}

static bool step_request(struct vtd_duel *d, uint32_t index)
{
    uint32_t shv = !below(d, 4), sub = below(d, 4);

    request(d, 0xfee00010u | index << 5 | shv << 3, sub);
    return same_message(d);
}

static void draw_descriptor(struct vtd_duel *d)
{
    unsigned dice = below(d, 20);
    uint64_t low = IOMMU_IEC_INVALIDATE, high = 0;

    if (dice < 6)
        low |= IOMMU_IEC_SELECTIVE | (uint64_t)below(d, ENTRIES)
                                         << IOMMU_IEC_IIDX_SHIFT;
    else if (dice < 19)
        low = IOMMU_WAIT | (below(d, 2) ? IOMMU_WAIT_SW : IOMMU_WAIT_IF) |
              (uint64_t)below(d, UINT32_MAX) << IOMMU_WAIT_DATA_SHIFT;
    else
        low = 0xf; /* no such type */
    if (low & IOMMU_WAIT_SW && (low & 0xf) == IOMMU_WAIT)
        high = STATUS;
    put_memory(d, QUEUE + d->tail, low);
    put_memory(d, QUEUE + d->tail + 8, high);
    d->tail = (d->tail + 16) % 4096;
}

/* Some descriptors; an error is mended: it becomes an invalidation. */
static bool step_queue(struct vtd_duel *d)
{
    for (unsigned n = 1 + below(d, 3); n; n--)
        draw_descriptor(d);
    d->our_messages = d->qemu.answer.messages = 0;
    put(d, IOMMU_AT_IQT, 8, d->tail);
    if (!same_message(d) || !same_state(d))
        return false;
    while (d->unit.reg[IOMMU_FSTS] & IOMMU_IQE) {
        put_memory(d, QUEUE + d->unit.reg[IOMMU_IQH], IOMMU_IEC_INVALIDATE);
        put(d, IOMMU_AT_FSTS, 4, IOMMU_IQE);
        put(d, IOMMU_AT_IQT, 8, d->tail);
    }
    return true;
}

static bool step_register(struct vtd_duel *d)
{
    d->our_messages = d->qemu.answer.messages = 0;
    switch (below(d, 8)) {
    case 0:
        put(d, IOMMU_AT_IECTL, 4, below(d, 2) ? IOMMU_EVENT_MASKED : 0);
        break;
    case 1:
        put(d, IOMMU_AT_ICS, 4, IOMMU_ICS_IWC);
        break;
    case 2:
        put(d, IOMMU_AT_IEDATA, 4, 0x20 + below(d, 0xd0));
        break;
    case 3:
        put(d, IOMMU_AT_IEADDR, 4, 0xfee00000u | below(d, 256) << 12);
        break;
    case 4:
        command(d, below(d, 4) ? IOMMU_IRE : 0, 0);
        break;
    case 5:
        put(d, IOMMU_AT_FEADDR, 4, below(d, UINT32_MAX));
        break;
    case 6:
        put(d, IOMMU_AT_FEDATA, 4, below(d, 512));
        break;
    default:
        set_table(d, TABLE(below(d, TABLES)) | 3);
    }
    return same_message(d) && same_state(d);
}

static bool step(struct vtd_duel *d)
{
    unsigned dice = below(d, 100), index = below(d, ENTRIES);

    if (dice < 45) {
        put_entry(d, below(d, TABLES), index, draw_entry(d));
        return step_request(d, index);
    }
    if (dice < 75)
        return step_request(d, below(d, ENTRIES + 4));
    return dice < 90 ? step_queue(d) : step_register(d);
}

/* ---- known differences ---- */

static const struct known {
    const char *rule, *qemu;
    struct iommu_entry entry;
    uint32_t addr, data;
    bool page_sends, qemu_sends;
} known[] = {
    {"Source validation: a bus range starts in the high byte",
     "reads it the "
     "other way round",
     {IOMMU_IRTE_P, UINT64_C(2) << IOMMU_IRTE_SVT_SHIFT | 0x0001},
     0xfee00030,
     0,
     true,
     false},
    {"Entry, EIME = 0: bits 39:32 and 63:48 are reserved",
     "ignores them",
     {IOMMU_IRTE_P | UINT64_C(1) << 32, 0},
     0xfee00030,
     0,
     false,
     true},
    {"Entry: delivery modes 3 and 6 are reserved",
     "sends them",
     {IOMMU_IRTE_P | 3u << IOMMU_IRTE_DLM_SHIFT, 0},
     0xfee00030,
     0,
     false,
     true},
    {"Entry: IM is reserved without posting",
     "ignores it",
     {IOMMU_IRTE_P | IOMMU_IRTE_IM, 0},
     0xfee00030,
     0,
     false,
     true},
    {"Compatibility format is blocked without CFI",
     "lets it pass",
     {0, 0},
     0xfee00000,
     0x31,
     false,
     true},
};

static void show_known(struct vtd_duel *d)
{
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct known *k = &known[i];

        put_entry(d, 0, 1, k->entry);
        request(d, k->addr, k->data);
        say(d,
            d->our_messages == k->page_sends &&
                d->qemu.answer.messages == k->qemu_sends,
            "%s; QEMU %s: the page is right (%u, QEMU %u)", k->rule, k->qemu,
            d->our_messages, d->qemu.answer.messages);
    }
}

/* ---- the course ---- */

static void set_up(struct vtd_duel *d)
{
    static const struct iommu_config config = {
        .faults = 1, .mhmv = 15, .sets = 1};

    iommu_init(&d->unit, &config);
    configure(d, BAR0, 4, (uint32_t)DEVICE_BAR);
    configure(d, COMMAND, 2, 6);
    configure(d, MSI_CAPABILITY + 2, 2, 1);
    put(d, IOMMU_AT_IQA, 8, QUEUE);
    put(d, IOMMU_AT_IQT, 8, 0);
    command(d, IOMMU_QIE, 0);
    set_table(d, TABLE(0) | 3);
    command(d, IOMMU_IRE, 0);
}

unsigned vtd_duel(const char *qemu, uint64_t seed, uint64_t steps)
{
    static const struct qemu_machine machine = {
        {"-machine", "q35", "-device", "intel-iommu,intremap=on", "-device",
         "edu,addr=2", "-trace", "vtd_ir_remap_msi", "-trace",
         "vtd_irq_generate", NULL}};
    static struct vtd_duel d;

    d = (struct vtd_duel){.seed = seed};
    rng_init(&d.rng, seed, 3);
    mem_init(&d.mem, d.page, PAGES);
    qemu_start(&d.qemu, qemu, &machine, steps * 100 + 10000);
    set_up(&d);
    if (same_state(&d))
        show_known(&d);
    for (d.step = 0; d.step < steps && !d.failed; d.step++)
        step(&d);
    if (!d.failed)
        say(&d, true, "%" PRIu64 " random operations agree, seed %" PRIu64,
            steps, seed);
    printf("# VT-d: %" PRIu64 " answers compared, %" PRIu64 " messages\n",
           d.compared, d.sent);
    qemu_stop(&d.qemu);
    return d.failed;
}
