/* One 8259A: its words, its priority resolver, its INT output. */
#include "models/pic/pic.h"

#include <stddef.h>

static uint8_t bit(int level)
{
    return (uint8_t)(1u << level);
}

void pic_init(struct pic *p, bool master)
{
    *p = (struct pic){
        .master = master,
        .imr = 0xff,
        .lowest = PIC_LEVELS - 1,
        .icw3 = master ? 0 : PIC_ICW3_ID,
    };
}

uint8_t pic_irr(const struct pic *p)
{
    return p->line & (p->edge | p->elcr);
}

bool pic_cascades(const struct pic *p, int level)
{
    return p->master && !p->sngl && (p->icw3 & bit(level));
}

/* The special fully nested mode lets a slave's further requests pass, and
 * nothing below them. */
static bool passes_itself(const struct pic *p, int level)
{
    return p->sfnm && pic_cascades(p, level);
}

/* In special mask mode a masked level in service blocks nobody. */
static uint8_t blocking(const struct pic *p)
{
    return p->smm ? p->isr & (uint8_t)~p->imr : p->isr;
}

/* The place of a set's highest level in the order of priority, from 0;
 * PIC_LEVELS if it is empty. */
static int place_of(const struct pic *p, uint8_t set)
{
    unsigned first = (p->lowest + 1u) % PIC_LEVELS;
    unsigned twice = set | (unsigned)set << PIC_LEVELS;

    return __builtin_ctz(twice >> first | 1u << PIC_LEVELS);
}

static int level_at(const struct pic *p, int place)
{
    return (int)((p->lowest + 1u + (unsigned)place) % PIC_LEVELS);
}

int pic_resolve(const struct pic *p)
{
    uint8_t requests = pic_irr(p) & (uint8_t)~p->imr;
    int request = place_of(p, requests);
    int block = place_of(p, blocking(p));
    int level = level_at(p, request);

    if (!requests || request > block)
        return PIC_NO_LEVEL;
    if (request == block && !passes_itself(p, level))
        return PIC_NO_LEVEL;
    return level;
}

bool pic_int(const struct pic *p)
{
    if (p->init != PIC_INIT_IDLE)
        return false;
    return p->int_held || pic_resolve(p) != PIC_NO_LEVEL;
}

void pic_settle(struct pic *p)
{
    p->int_held = !p->master && pic_int(p);
}

void pic_set_line(struct pic *p, unsigned level, bool high)
{
    uint8_t mask = bit((int)level);

    if (high && !(p->line & mask))
        p->edge |= mask;
    if (high) {
        p->line |= mask;
    } else {
        p->line &= (uint8_t)~mask;
        p->edge &= (uint8_t)~mask;
    }
}

void pic_set_elcr(struct pic *p, uint8_t elcr)
{
    p->elcr = elcr;
}

void pic_acknowledge(struct pic *p, int level)
{
    p->int_held = false;
    if (level == PIC_NO_LEVEL)
        return;
    p->edge &= (uint8_t)~bit(level);
    p->isr |= bit(level);
    if (!p->aeoi)
        return;
    p->isr &= (uint8_t)~bit(level);
    if (p->rot_aeoi)
        p->lowest = (uint8_t)level;
}

/* The level that a non-specific EOI ends, or PIC_NO_LEVEL.  In special mask
 * mode it cannot end a masked one. */
static int highest_in_service(const struct pic *p)
{
    uint8_t levels = blocking(p);

    return levels ? level_at(p, place_of(p, levels)) : PIC_NO_LEVEL;
}

/* A specific rotation does not ask whether the level was in service. */
static void end_of_interrupt(struct pic *p, int level, bool rotate)
{
    if (level == PIC_NO_LEVEL)
        return;
    p->isr &= (uint8_t)~bit(level);
    if (rotate)
        p->lowest = (uint8_t)level;
}

static void write_ocw2(struct pic *p, uint8_t value)
{
    bool rotate = (value & PIC_OCW2_R) != 0;
    int level = value & PIC_OCW2_L;

    switch (value & (PIC_OCW2_SL | PIC_OCW2_EOI)) {
    case PIC_OCW2_EOI:
        end_of_interrupt(p, highest_in_service(p), rotate);
        break;
    case PIC_OCW2_SL | PIC_OCW2_EOI:
        end_of_interrupt(p, level, rotate);
        break;
    case PIC_OCW2_SL:
        if (rotate)
            p->lowest = (uint8_t)level;
        break;
    default:
        p->rot_aeoi = rotate;
    }
}

static uint32_t write_ocw3(struct pic *p, uint8_t value)
{
    if (value & PIC_OCW3_P)
        p->poll = true;
    else if (value & PIC_OCW3_RR)
        p->read_isr = (value & PIC_OCW3_RIS) != 0;
    if (value & PIC_OCW3_ESMM)
        p->smm = (value & PIC_OCW3_SMM) != 0;
    return value & PIC_OCW3_ZERO ? PIC_WARN(OCW3_RESERVED) : 0;
}

static uint32_t write_icw1(struct pic *p, uint8_t value)
{
    uint32_t warnings = value & PIC_ICW1_LTIM ? PIC_WARN(LTIM) : 0;

    p->edge = 0;
    p->imr = 0;
    p->isr = 0;
    p->lowest = PIC_LEVELS - 1;
    p->smm = p->read_isr = p->poll = p->rot_aeoi = false;
    p->int_held = false;
    if (!p->master)
        p->icw3 = PIC_ICW3_ID;
    p->ic4 = (value & PIC_ICW1_IC4) != 0;
    p->sngl = (value & PIC_ICW1_SNGL) != 0;
    p->init = PIC_INIT_WANT_ICW2;
    if (!p->ic4) {
        p->aeoi = p->sfnm = false;
        warnings |= PIC_WARN(NOT_8086);
    }
    return warnings;
}

static uint32_t write_icw4(struct pic *p, uint8_t value)
{
    uint32_t warnings = 0;

    p->aeoi = (value & PIC_ICW4_AEOI) != 0;
    p->sfnm = (value & PIC_ICW4_SFNM) != 0;
    if (!(value & PIC_ICW4_UPM))
        warnings |= PIC_WARN(NOT_8086);
    if (value & PIC_ICW4_ZERO)
        warnings |= PIC_WARN(ICW4_RESERVED);
    if (p->sfnm && !p->master)
        warnings |= PIC_WARN(SFNM_IN_SLAVE);
    return warnings;
}

static uint32_t write_command(struct pic *p, uint8_t value)
{
    uint32_t warnings = 0;

    if (value & PIC_ICW1_SELECT)
        return write_icw1(p, value);
    if (p->init != PIC_INIT_IDLE)
        warnings = PIC_WARN(OCW_IN_INIT);
    if (value & PIC_OCW3_SELECT)
        warnings |= write_ocw3(p, value);
    else
        write_ocw2(p, value);
    return warnings;
}

static uint32_t write_data(struct pic *p, uint8_t value)
{
    enum pic_init_state last = p->ic4 ? PIC_INIT_WANT_ICW4 : PIC_INIT_IDLE;

    switch (p->init) {
    case PIC_INIT_WANT_ICW2:
        p->base = value & PIC_ICW2_BASE;
        p->init = (uint8_t)(p->sngl ? last : PIC_INIT_WANT_ICW3);
        return 0;
    case PIC_INIT_WANT_ICW3:
        p->icw3 = p->master ? value : value & PIC_ICW3_ID;
        p->init = (uint8_t)last;
        return 0;
    case PIC_INIT_WANT_ICW4:
        p->init = PIC_INIT_IDLE;
        return write_icw4(p, value);
    default:
        p->imr = value;
        return 0;
    }
}

uint32_t pic_write(struct pic *p, bool a0, uint8_t value)
{
    return a0 ? write_data(p, value) : write_command(p, value);
}

static struct pic_read poll(struct pic *p)
{
    struct pic_read r = {.polled = true, .level = pic_resolve(p)};

    p->poll = false;
    pic_acknowledge(p, r.level);
    if (r.level != PIC_NO_LEVEL)
        r.value = (uint8_t)(0x80 | r.level);
    return r;
}

struct pic_read pic_read(struct pic *p, bool a0)
{
    struct pic_read r = {.level = PIC_NO_LEVEL};

    if (p->poll)
        return poll(p);
    if (a0)
        r.value = p->imr;
    else
        r.value = p->read_isr ? p->isr : pic_irr(p);
    return r;
}

const char *pic_warning_name(enum pic_warning w)
{
    static const char *const name[] = {
#define WARNING(name, text, rule) text,
#include "models/pic/pic_warnings.def"
#undef WARNING
    };

    return name[w];
}

const char *pic_check(const struct pic *p)
{
    if (p->edge & ~p->line)
        return "an edge latch is set while its line is low";
    if (p->base & ~PIC_ICW2_BASE)
        return "the vector base has low bits";
    if (p->lowest >= PIC_LEVELS)
        return "there is no such level of lowest priority";
    if (p->init > PIC_INIT_WANT_ICW4)
        return "there is no such step of initialisation";
    if (!p->master && p->icw3 > PIC_ICW3_ID)
        return "a slave's identity has 3 bits";
    if (p->int_held != (!p->master && pic_int(p)))
        return "a slave's INT is not what the resolver says";
    return NULL;
}
