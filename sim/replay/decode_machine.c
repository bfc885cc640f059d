/* Events of a whole machine become operations. */
#include "sim/replay/decode_machine.h"
#include "models/iommu/iommu.h"
#include "models/lapic/lapic.h"
#include "models/pic/pic_pair.h"

#define IOAPIC_BASE 0xfec00000u
#define IOAPIC_PAGE 0x100u
#define ISA_TIMER_LINE 0u
#define ISA_TIMER_PIN 2u

static struct machine_thread *thread(struct machine_decoder *m)
{
    static const struct machine_thread none = {
        .first = MACHINE_NOT_A_CPU,
        .cpu = MACHINE_NOT_A_CPU,
    };

    for (unsigned i = 0; i < m->threads; i++)
        if (m->thread[i].name == m->current)
            return &m->thread[i];
    if (m->threads < MACHINE_THREADS)
        m->threads++;
    m->thread[m->threads - 1] = none;
    m->thread[m->threads - 1].name = m->current;
    return &m->thread[m->threads - 1];
}

static void emit(struct machine_decoder *m, struct op op)
{
    op.time_ns = m->time_ns;
    decode_emit(m->c, op);
}

static uint8_t answer_of(const struct machine_decoder *m)
{
    return m->c->unscored ? OP_UNSCORED : OP_SCORED;
}

/* Time is the host's: what depends on it is no answer. */
static bool shows_time(uint32_t apic_offset)
{
    return apic_offset == LAPIC_TMCCT;
}

static struct op access_op(struct machine_decoder *m,
                           const struct machine_access *a)
{
    static const uint8_t kinds[][2] = {
        [DEVICE_LAPIC] = {OP_APIC_READ, OP_APIC_WRITE},
        [DEVICE_IOAPIC] = {OP_WINDOW_READ, OP_WINDOW_WRITE},
        [DEVICE_PIC] = {OP_PORT_READ, OP_PORT_WRITE},
        [DEVICE_REMAPPER] = {OP_REMAPPER_READ, OP_REMAPPER_WRITE},
    };
    struct op op = {
        .kind = kinds[a->device][a->write],
        .cpu = (uint8_t)a->cpu,
        .where = (uint32_t)a->addr,
        .bytes = (uint8_t)a->bytes,
        .value = a->value,
        .answer = a->write ? OP_SILENT : answer_of(m),
    };

    if (a->device == DEVICE_LAPIC) {
        op.where = a->addr & 0xfff;
        if (op.answer && shows_time(op.where & ~0xfu))
            op.answer = OP_UNSCORED;
    } else if (a->device == DEVICE_IOAPIC) {
        op.where = (a->addr - IOAPIC_BASE) & (IOAPIC_PAGE - 1);
    } else if (a->device == DEVICE_REMAPPER) {
        op.where = a->addr & (IOMMU_PAGE_BYTES - 1);
    }
    return op;
}

/* A log tells of no fault, so that a write has no answer. */
void machine_msr(struct machine_decoder *m, bool write, uint32_t msr,
                 uint64_t value)
{
    uint32_t offset = (msr - LAPIC_MSR_FIRST) * 16;
    struct op op = {
        .kind = write ? OP_MSR_WRITE : OP_MSR_READ,
        .cpu = thread(m)->cpu,
        .where = msr,
        .value = value,
        .answer = write ? OP_SILENT : answer_of(m),
    };

    m->started = true;
    if (op.cpu == MACHINE_NOT_A_CPU) {
        thread(m)->asked = true;
        op.cpu = 0;
    }
    if (op.answer && shows_time(offset))
        op.answer = OP_UNSCORED;
    emit(m, op);
}

/* An x2APIC read: the device told of it, and no other event did. */
static void read_by_msr(struct machine_decoder *m)
{
    uint64_t current = m->current;
    uint32_t line = m->c->line;

    m->current = m->told_thread;
    m->c->line = m->told_line;
    machine_msr(m, false, LAPIC_MSR_FIRST + m->told_register, m->told_value);
    m->current = current;
    m->c->line = line;
}

void machine_event(struct machine_decoder *m, bool apic_read)
{
    if (m->read_told && !apic_read)
        read_by_msr(m);
    m->read_told &= apic_read;
    m->written_before = m->written;
    m->written.is = false;
}

/* Now it is known whether the device has told of this read. */
static void settle_told(struct machine_decoder *m, const struct op *op)
{
    if (m->read_told &&
        (m->told_thread != m->current || m->told_register != op->where >> 4 ||
         m->told_value != op->value))
        read_by_msr(m);
    m->read_told = false;
}

void machine_access(struct machine_decoder *m, const struct machine_access *a)
{
    struct op op = access_op(m, a);

    settle_told(m, &op);
    m->started = true;
    if (a->cpu == MACHINE_NOT_A_CPU) {
        op.cpu = 0;
        op.left_out = a->device == DEVICE_LAPIC; /* whose would it be? */
        op.answer = op.left_out && op.answer ? OP_UNSCORED : op.answer;
    } else {
        thread(m)->cpu = (uint8_t)a->cpu;
        if (thread(m)->first == MACHINE_NOT_A_CPU)
            thread(m)->first = (uint8_t)a->cpu;
    }
    emit(m, op);
    m->written = (struct machine_written){
        .is = a->device == DEVICE_LAPIC && a->write,
        .reg = op.where >> 4,
        .thread = m->current,
        .value = a->value,
    };
}

void machine_by_number(struct machine_decoder *m, bool write, uint32_t reg,
                       uint64_t value)
{
    const struct machine_written *w = &m->written_before;

    if (!write) {
        m->read_told = true;
        m->told_line = m->c->line;
        m->told_thread = m->current;
        m->told_register = reg;
        m->told_value = value;
    } else if (!w->is || w->reg != reg || w->thread != m->current ||
               w->value != value) {
        machine_msr(m, true, LAPIC_MSR_FIRST + reg, value);
    }
}

void machine_pic_line(struct machine_decoder *m, bool master, unsigned irq,
                      bool high)
{
    struct op op = {
        .kind = OP_PIC_LINE,
        .where = master ? irq : irq + PIC_LEVELS,
        .value = high,
    };

    emit(m, op); /* line 2, the slave's output, goes nowhere */
}

void machine_pin(struct machine_decoder *m, unsigned isa_line, bool high)
{
    struct op op = {
        .kind = OP_PIN,
        .where = isa_line == ISA_TIMER_LINE ? ISA_TIMER_PIN : isa_line,
        .value = high,
    };

    emit(m, op);
}

void machine_message(struct machine_decoder *m, uint64_t addr, uint64_t data)
{
    struct op op = {
        .kind = OP_MESSAGE,
        .value = addr << 32 | (data & UINT32_MAX),
        .answer = m->started ? answer_of(m) : OP_UNSCORED,
        .left_out = !m->started,
    };

    emit(m, op);
}

void machine_delivered(struct machine_decoder *m,
                       const struct machine_delivery *d)
{
    struct op op = {
        .kind = OP_DELIVERED,
        .where = d->dest,
        .value = (d->logical ? OP_LOGICAL : 0) |
                 (d->level ? 1u << OP_LEVEL_SHIFT : 0) |
                 (uint32_t)d->mode << OP_MODE_SHIFT | d->vector,
        .left_out = !m->started,
    };

    emit(m, op);
}

void machine_timer(struct machine_decoder *m)
{
    emit(m, (struct op){.kind = OP_TIMER});
}

void machine_inta(struct machine_decoder *m, uint64_t vector)
{
    struct op op = {
        .kind = OP_INTA,
        .value = vector,
        .answer = answer_of(m),
        .left_out = m->c->unscored,
    };

    m->inta = true;
    m->inta_left_out = op.left_out;
    m->inta_vector = vector;
    emit(m, op);
}

void machine_taken(struct machine_decoder *m, uint64_t vector)
{
    bool inta = m->inta && m->inta_vector == vector;
    struct op op = {
        .kind = inta ? OP_INTA_TAKEN : OP_TAKEN,
        .value = vector,
        .answer = answer_of(m),
        .left_out = inta && m->inta_left_out,
    };

    m->inta = false;
    emit(m, op);
}

static void pass(struct machine_decoder *m,
                 void (*line)(struct machine_decoder *m))
{
    m->c->ops->count = 0;
    for (uint32_t i = 1; i <= m->c->recording->line_count; i++) {
        decode_split(m->c, i);
        if (m->c->words)
            line(m);
    }
    machine_event(m, false);
}

/* From what a pass found out to what the next one starts with; true if that
 * is more than this pass had. */
static bool learn(struct machine_decoder *m)
{
    unsigned own = 0;
    bool used[MACHINE_CPUS] = {false}, more = false;

    for (unsigned i = 0; i < m->threads; i++)
        if (m->thread[i].first < MACHINE_CPUS)
            used[m->thread[i].first] = true;
    for (unsigned i = 0; i < m->threads; i++) {
        struct machine_thread *t = &m->thread[i];

        while (own < MACHINE_CPUS && used[own])
            own++;
        if (t->asked && t->first == MACHINE_NOT_A_CPU && own < MACHINE_CPUS)
            t->first = (uint8_t)own++;
        more |= t->asked && t->first != MACHINE_NOT_A_CPU;
        t->cpu = t->first;
    }
    return more;
}

void machine_decode(struct decoder *c, void (*line)(struct machine_decoder *m))
{
    struct machine_decoder first = {.c = c}, second = first;
    unsigned errors = c->diag->errors; /* of other files */

    pass(&first, line);
    if (c->diag->errors != errors || !learn(&first))
        return;
    memcpy(second.thread, first.thread, sizeof second.thread);
    second.threads = first.threads;
    pass(&second, line);
}
