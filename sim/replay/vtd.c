/* Plays recordings of interrupt remapping; see vtd.h. */
#include "sim/replay/vtd.h"

#include <assert.h>
#include <stdlib.h>

#include "models/iommu/iommu.h"
#include "sim/core/mem.h"
#include "sim/replay/decode.h"

/* The recorded machine. */
#define ENTRIES 64u
#define TABLE_SIZE 5u /* S: 2^(S + 1) entries */
#define SOURCE_ID 0x18u
#define FAULT_RECORDS 1u

/* Where its software keeps things. */
#define TABLE UINT64_C(0x10000)
#define QUEUE UINT64_C(0x20000)
#define QUEUE_BYTES 4096u
#define PAGES 16u

/* Words of a line: k irte[i]=HI:LO eime e msi ADDR DATA -> ANSWER. */
enum { ENTRY = 1, EIME_NAME, EIME, MSI, ADDR, DATA, ARROW, ANSWER };
#define MESSAGE_WORDS 5u

struct vtd_op {
    uint32_t line;
    unsigned index;
    struct iommu_entry entry;
    bool eime, unscored;
    struct iommu_request request;
    char answer[REPLAY_ANSWER];
};

struct vtd_player {
    struct replay_result *result;
    struct iommu unit;
    struct mem mem;
    struct mem_page page[PAGES];
    uint32_t written[ENTRIES]; /* the line that wrote an entry last */
    uint64_t tail;
    bool started, eime;
};

/* ---- lines ---- */

static void decode_entry(struct decoder *c, struct vtd_op *op)
{
    char text[64], index[3], high[17], low[17];
    int end = 0;

    snprintf(text, sizeof text, "%.*s", (int)c->word[ENTRY].bytes,
             c->word[ENTRY].text);
    sscanf(text, "irte[%2[0-9]]=%16[0-9a-fA-F]:%16[0-9a-fA-F]%n", index, high,
           low, &end);
    if (end && !text[end]) {
        op->index = (unsigned)strtoul(index, NULL, 10);
        op->entry.high = strtoull(high, NULL, 16);
        op->entry.low = strtoull(low, NULL, 16);
    }
    if (!end || text[end] || op->index >= ENTRIES)
        decode_error(c, ENTRY, "expected irte[0 .. 63]=HIGH:LOW");
}

/* Numbers as they are compared: without leading zeros. */
static void decode_answer(struct decoder *c, struct vtd_op *op)
{
    const struct word *w = &c->word[ANSWER];
    unsigned numbers = c->words - ANSWER - 1;
    size_t used = (size_t)snprintf(op->answer, sizeof op->answer, "%.*s",
                                   (int)(w->bytes < 8 ? w->bytes : 8), w->text);

    if (!(word_is(w, "msi") && numbers == MESSAGE_WORDS) &&
        !(word_is(w, "fault") && numbers == 2) &&
        !(word_is(w, "drop") && !numbers))
        decode_error(c, ANSWER, "expected msi v m t d dest, fault r i or drop");
    for (unsigned i = 1; i <= numbers && !c->bad; i++) {
        uint64_t n = decode_hex(c, ANSWER + i,
                                i == MESSAGE_WORDS ? UINT32_MAX : UINT16_MAX);

        used += (size_t)snprintf(op->answer + used, sizeof op->answer - used,
                                 " %jx", (uintmax_t)n);
    }
}

static void decode_line(struct decoder *c, struct vtd_op *op)
{
    op->line = c->line;
    op->unscored = c->unscored;
    if (c->words <= ANSWER || !word_is(&c->word[EIME_NAME], "eime") ||
        !word_is(&c->word[MSI], "msi") || !word_is(&c->word[ARROW], "->")) {
        decode_error(c, 0,
                     "expected k irte[i]=HIGH:LOW eime e msi ADDR DATA "
                     "-> ANSWER");
        return;
    }
    decode_decimal(c, 0, UINT32_MAX);
    decode_entry(c, op);
    op->eime = decode_hex(c, EIME, 1);
    op->request.addr = decode_hex(c, ADDR, UINT32_MAX);
    op->request.data = (uint32_t)decode_hex(c, DATA, UINT32_MAX);
    op->request.bytes = 4;
    op->request.sid = SOURCE_ID;
    decode_answer(c, op);
}

/* ---- the unit and its memory ---- */

/* Serves the unit until it wants nothing more; gives what its last calls said,
 * of the request if there was one. */
static struct iommu_out serve(struct vtd_player *p, struct iommu_out out)
{
    for (unsigned port = 0; port < IOMMU_PORTS;) {
        struct iommu_access a = iommu_access(&p->unit, (enum iommu_port)port);
        struct iommu_out next;

        if (a.kind == IOMMU_ACCESS_NONE) {
            port++;
            continue;
        }
        if (a.kind == IOMMU_ACCESS_WRITE)
            mem_write(&p->mem, a.addr, a.data, a.bytes);
        else
            mem_read(&p->mem, a.addr, a.data, a.bytes);
        iommu_answer(&p->unit, (enum iommu_port)port, a.data, &next);
        if (next.outcome)
            out = next;
        port = 0;
    }
    return out;
}

static void put(struct vtd_player *p, uint32_t offset, unsigned bytes,
                uint64_t value)
{
    struct iommu_mmio a = {offset, bytes, value};

    serve(p, iommu_write(&p->unit, &a));
}

static uint64_t get(struct vtd_player *p, uint32_t offset, unsigned bytes)
{
    struct iommu_mmio a = {offset, bytes, 0};

    iommu_read(&p->unit, &a);
    return a.value;
}

static void set_table(struct vtd_player *p, bool eime)
{
    uint32_t levels = (uint32_t)get(p, IOMMU_AT_GSTS, 4) & IOMMU_LEVEL_COMMANDS;

    put(p, IOMMU_AT_IRTA, 8, TABLE | (eime ? IOMMU_IRTA_EIME : 0) | TABLE_SIZE);
    put(p, IOMMU_AT_GCMD, 4, levels | IOMMU_SIRTP);
    p->eime = eime;
}

static void start(struct vtd_player *p, bool eime)
{
    put(p, IOMMU_AT_IQA, 8, QUEUE);
    put(p, IOMMU_AT_GCMD, 4, IOMMU_QIE);
    set_table(p, eime);
    put(p, IOMMU_AT_GCMD, 4, IOMMU_QIE | IOMMU_IRE);
    p->started = true;
}

static void invalidate(struct vtd_player *p, unsigned index)
{
    uint64_t descriptor[2] = {IOMMU_IEC_INVALIDATE | IOMMU_IEC_SELECTIVE |
                              (uint64_t)index << IOMMU_IEC_IIDX_SHIFT};

    mem_write(&p->mem, QUEUE + p->tail, descriptor, sizeof descriptor);
    p->tail = (p->tail + sizeof descriptor) % QUEUE_BYTES;
    put(p, IOMMU_AT_IQT, 8, p->tail);
}

/* Reads and clears the record as a driver does. */
static void print_fault(struct vtd_player *p, char text[REPLAY_ANSWER])
{
    uint32_t record = (uint32_t)get(p, IOMMU_AT_FSTS, 4) >> IOMMU_FRI_SHIFT;
    uint32_t at = IOMMU_AT_FRCD_LOW + 16 * record;
    uint64_t high = get(p, at + 8, 8);

    snprintf(text, REPLAY_ANSWER, "fault %jx %jx",
             (uintmax_t)(high >> IOMMU_RECORD_REASON_SHIFT & 0xff),
             (uintmax_t)(get(p, at, 8) >> IOMMU_RECORD_INDEX_SHIFT));
    put(p, at + 8, 8, IOMMU_RECORD_F);
}

static void print_message(const struct iommu_message *m,
                          char text[REPLAY_ANSWER])
{
    snprintf(text, REPLAY_ANSWER, "msi %x %x %x %x %x", m->vector, m->mode,
             m->level, m->logical, m->dest);
}

/* ---- lines, played ---- */

static void differ(struct vtd_player *p, const struct vtd_op *op,
                   const char *got)
{
    struct replay_first *first = &p->result->first;
    uint32_t written = p->written[p->unit.index % ENTRIES];

    if (p->result->different++)
        return;
    first->line = op->line;
    memcpy(first->expected, op->answer, sizeof first->expected);
    memcpy(first->got, got, sizeof first->got);
    if (written && written != op->line)
        first->earlier[first->earlier_count++] = written;
}

static void play_one(struct vtd_player *p, const struct vtd_op *op)
{
    char got[REPLAY_ANSWER] = "drop";
    struct iommu_out out;

    if (!p->started)
        start(p, op->eime);
    if (p->eime != op->eime)
        set_table(p, op->eime);
    mem_write(&p->mem, TABLE + sizeof op->entry * op->index, &op->entry,
              sizeof op->entry);
    p->written[op->index] = op->line;
    invalidate(p, op->index);
    iommu_request(&p->unit, &op->request, &out);
    out = serve(p, out);
    if (out.outcome == IOMMU_REMAPPED)
        print_message(&out.message, got);
    else if (get(p, IOMMU_AT_FSTS, 4) & IOMMU_PPF)
        print_fault(p, got);
    assert(!iommu_check(&p->unit));
    if (op->unscored)
        p->result->unscored++;
    else
        p->result->compared++;
    if (!op->unscored && strcmp(got, op->answer) != 0)
        differ(p, op, got);
}

static void play_all(const struct vtd_op *op, size_t count,
                     struct replay_result *result)
{
    /* what the recorded machine's page does not say is of no account */
    static const struct iommu_config config = {
        .faults = FAULT_RECORDS, .extended = true, .sets = 16, .ways = 4};
    struct vtd_player *p = calloc(1, sizeof *p);

    if (!p)
        abort();
    p->result = result;
    iommu_init(&p->unit, &config);
    mem_init(&p->mem, p->page, PAGES);
    for (size_t i = 0; i < count; i++)
        play_one(p, &op[i]);
    free(p);
}

bool vtd_play(const struct recording *r, struct replay_result *result,
              struct diag *d)
{
    struct decoder c = {.recording = r, .diag = d};
    struct vtd_op *op = calloc(r->line_count + 1, sizeof *op);
    unsigned errors = d->errors;
    size_t count = 0;

    if (!op)
        abort();
    for (uint32_t i = 1; i <= r->line_count; i++) {
        decode_split(&c, i);
        if (c.words)
            decode_line(&c, &op[count++]);
    }
    if (d->errors == errors)
        play_all(op, count, result);
    free(op);
    return d->errors == errors;
}
