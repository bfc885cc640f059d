/* Which rules of the manual a lock-step run of the 8259As has met: looks at
 * the C side before and after each operation. */
#include "models/pic/test/pic_lockstep_rules.h"

#include <string.h>

const struct lockstep_rule pic_rules[PIC_RULE_COUNT] = {
#define RULE(name, sentence) {#name, sentence},
#include "models/pic/test/pic_lockstep_rules.def"
#undef RULE
};

uint64_t pic_hits[PIC_RULE_COUNT];

#define NOTE(name, met) (pic_hits[PIC_RULE_##name] += !!(met))

/* One chip before and after an operation. */
struct change {
    const struct pic *was, *is;
    unsigned value;       /* written or read */
    bool int_was, int_is; /* the chip's own INT */
};

static struct change change_of(const struct pic_node *was,
                               const struct pic_node *is, enum pic_chip chip)
{
    const struct pic *a = &was->pair.chip[chip], *b = &is->pair.chip[chip];

    return (struct change){a, b, 0, pic_int(a), pic_int(b)};
}

static bool in_init(const struct pic *p)
{
    return p->init != PIC_INIT_IDLE;
}

static unsigned requests_of(const struct pic *p)
{
    return (unsigned)(pic_irr(p) & ~p->imr);
}

static void note_icw1(const struct change *c)
{
    const struct pic *was = c->was, *is = c->is;
    unsigned edge_high = was->line & ~(unsigned)was->elcr;
    unsigned level_high = was->line & was->elcr;

    NOTE(icw1_restarts, in_init(was));
    NOTE(icw1_without_ic4, !is->ic4 && (was->aeoi || was->sfnm));
    NOTE(icw1_single, is->sngl);
    NOTE(icw1_ends_service, was->isr != 0);
    NOTE(icw1_edge_line_high, (edge_high & was->edge) != 0);
    NOTE(icw1_level_line_high, (level_high & pic_irr(is)) != 0);
    NOTE(icw1_drops_slave_int, !is->master && c->int_was);
}

static void note_data(const struct change *c)
{
    switch (c->was->init) {
    case PIC_INIT_WANT_ICW2:
        NOTE(icw2_low_bits, (c->value & 7) != 0);
        break;
    case PIC_INIT_WANT_ICW3:
        NOTE(icw3_slave_high_bits, !c->is->master && c->value > 7);
        break;
    case PIC_INIT_WANT_ICW4:
        NOTE(icw4_aeoi, c->is->aeoi);
        NOTE(icw4_sfnm, c->is->sfnm && c->is->master);
        break;
    default:
        NOTE(mask_drops_int, c->is->master && c->int_was && !c->int_is);
        NOTE(unmask_raises_int, !c->int_was && c->int_is);
    }
    NOTE(init_ends_with_int, in_init(c->was) && !in_init(c->is) && c->int_is);
}

static void note_eoi(const struct change *c)
{
    const struct pic *was = c->was;
    bool specific = (c->value & PIC_OCW2_SL) != 0;
    bool rotate = (c->value & PIC_OCW2_R) != 0;
    bool ended = was->isr != c->is->isr;

    NOTE(eoi_non_specific, !specific && !rotate && ended);
    NOTE(eoi_of_nothing, !specific && !rotate && !was->isr);
    NOTE(eoi_specific, specific && !rotate && ended);
    NOTE(eoi_not_in_service, specific && !rotate && !ended);
    NOTE(eoi_raises_int, !c->int_was && c->int_is);
    NOTE(eoi_skips_masked, !specific && was->smm && (was->isr & was->imr));
    NOTE(rotate_non_specific, !specific && rotate && ended);
    NOTE(rotate_of_nothing, !specific && rotate && !ended);
    NOTE(rotate_specific, specific && rotate && ended);
    NOTE(rotate_not_in_service, specific && rotate && !ended);
}

static void note_ocw2(const struct change *c)
{
    bool specific = (c->value & PIC_OCW2_SL) != 0;
    bool rotate = (c->value & PIC_OCW2_R) != 0;

    if (c->value & PIC_OCW2_EOI) {
        note_eoi(c);
        return;
    }
    NOTE(set_priority, specific && rotate && c->was->lowest != c->is->lowest);
    NOTE(rot_aeoi_set, !specific && rotate);
    NOTE(rot_aeoi_clear, !specific && !rotate && c->was->rot_aeoi);
    NOTE(ocw2_nothing, specific && !rotate);
}

static void note_command(const struct change *c)
{
    if (c->value & PIC_ICW1_SELECT) {
        note_icw1(c);
        return;
    }
    NOTE(ocw_in_init, in_init(c->was));
    if (!(c->value & PIC_OCW3_SELECT)) {
        note_ocw2(c);
        return;
    }
    NOTE(poll_over_rr, (c->value & PIC_OCW3_P) && (c->value & PIC_OCW3_RR));
    NOTE(smm_on, !c->was->smm && c->is->smm);
    NOTE(smm_off, c->was->smm && !c->is->smm);
}

static void note_poll(const struct change *c, bool a0)
{
    int level = pic_resolve(c->was);
    bool found = level != PIC_NO_LEVEL;

    NOTE(poll_found, found);
    NOTE(poll_none, !found);
    NOTE(poll_data_port, found && a0);
    NOTE(poll_cascade, c->was->master && level == PIC_CASCADE);
    NOTE(poll_drops_slave_int, !c->was->master && c->int_was && !c->int_is);
    NOTE(poll_aeoi, found && c->was->aeoi);
}

static void note_chip(const struct lockstep_op *op, const struct change *c)
{
    bool a0 = op->address & 1;

    if (op->kind == PIC_OP_WRITE && a0) {
        note_data(c);
    } else if (op->kind == PIC_OP_WRITE) {
        note_command(c);
    } else if (c->was->poll) {
        note_poll(c, a0);
    } else {
        NOTE(read_imr, a0);
        NOTE(read_isr, !a0 && c->was->read_isr && c->was->isr);
        NOTE(read_irr, !a0 && !c->was->read_isr && pic_irr(c->was));
    }
}

static void note_elcr(const struct lockstep_op *op, const struct change *c)
{
    unsigned to_level = c->is->elcr & ~(unsigned)c->was->elcr;
    unsigned to_edge = c->was->elcr & ~(unsigned)c->is->elcr;
    unsigned line = c->was->line;

    NOTE(elcr_fixed, op->kind == PIC_OP_WRITE && c->is->elcr != op->value);
    NOTE(elcr_to_level, (to_level & line & ~(unsigned)c->was->edge) != 0);
    NOTE(elcr_to_edge, (to_edge & line & ~(unsigned)c->is->edge) != 0);
}

static void note_imcr(const struct lockstep_op *op, const struct pic_node *was,
                      const struct pic_node *is)
{
    NOTE(imcr_moves_int, was->int_high && was->direct != is->direct);
    NOTE(imcr_not_selected, op->kind == PIC_OP_WRITE && was->pair.has_imcr &&
                                op->address == PIC_PORT_IMCR_DATA &&
                                was->pair.imcr_select != PIC_IMCR_INDEX);
}

static void note_access(const struct lockstep_op *op,
                        const struct pic_node *was, const struct pic_node *is)
{
    enum pic_chip chip = PIC_MASTER;
    struct change c;

    if (op->address == PIC_PORT_ELCR2 ||
        (op->address & ~1u) == PIC_PORT_SLAVE_COMMAND)
        chip = PIC_SLAVE;
    c = change_of(was, is, chip);
    c.value = (unsigned)op->value;
    NOTE(hole, !pic_node_claims(was, (uint16_t)op->address));
    if (op->address == PIC_PORT_ELCR1 || op->address == PIC_PORT_ELCR2)
        note_elcr(op, &c);
    else if ((op->address & ~1u) == PIC_PORT_SLAVE_COMMAND ||
             (op->address & ~1u) == PIC_PORT_MASTER_COMMAND)
        note_chip(op, &c);
    else
        note_imcr(op, was, is);
}

static void note_line(const struct lockstep_op *op, const struct pic_node *was,
                      const struct pic_node *is)
{
    enum pic_chip chip = op->address < PIC_LEVELS ? PIC_MASTER : PIC_SLAVE;
    struct change c = change_of(was, is, chip);
    unsigned bit = 1u << op->address % PIC_LEVELS;
    bool level = (c.was->elcr & bit) != 0;
    bool latched = (c.was->edge & bit) != 0;

    NOTE(edge_rise, op->value && !level);
    NOTE(edge_withdrawn, !op->value && !level && latched);
    NOTE(level_fall, !op->value && level);
    NOTE(slave_int_held, chip == PIC_SLAVE && c.int_is && c.int_was &&
                             pic_resolve(c.is) == PIC_NO_LEVEL &&
                             pic_resolve(c.was) != PIC_NO_LEVEL);
}

/* What the acknowledge did in the chip whose level it took. */
static void note_taken(const struct change *c, int level)
{
    unsigned bit = 1u << level;

    NOTE(inta_edge, !(c->was->elcr & bit) && !(c->is->edge & bit));
    NOTE(inta_level, c->was->elcr & c->is->line & bit);
    NOTE(inta_aeoi, c->was->aeoi);
    NOTE(inta_rotates, c->was->lowest != c->is->lowest);
    NOTE(inta_in_init, in_init(c->was));
    NOTE(smm_passes, c->was->smm && (c->was->isr & c->was->imr));
}

static void note_inta_slave(const struct pic_node *was,
                            const struct pic_node *is, int cascade_level)
{
    struct change c = change_of(was, is, PIC_SLAVE);
    int level = pic_resolve(c.was);
    bool answers = c.was->icw3 == cascade_level;

    NOTE(inta_no_slave, !answers);
    NOTE(inta_other_cascade, cascade_level != PIC_CASCADE);
    if (!answers)
        return;
    NOTE(inta_spurious_15, level == PIC_NO_LEVEL);
    NOTE(inta_slave_rises_anew, c.int_was && c.int_is);
    if (level == PIC_NO_LEVEL)
        return;
    NOTE(inta_slave, true);
    note_taken(&c, level);
}

static void note_inta(const struct pic_node *was, const struct pic_node *is)
{
    struct change c = change_of(was, is, PIC_MASTER);
    int level = pic_resolve(c.was);

    NOTE(inta_spurious_7, level == PIC_NO_LEVEL);
    if (level == PIC_NO_LEVEL)
        return;
    NOTE(sfnm_passes, c.was->sfnm && (c.was->isr & 1u << level));
    NOTE(single_no_cascade,
         c.was->sngl && level == PIC_CASCADE && (c.was->icw3 & 1u << level));
    note_taken(&c, level);
    if (pic_cascades(c.was, level))
        note_inta_slave(was, is, level);
}

/* Requests that a level in service keeps waiting. */
static void note_blocked(const struct pic *p)
{
    unsigned cascade = 1u << PIC_CASCADE;
    unsigned waiting = requests_of(p);

    if (!waiting || pic_resolve(p) != PIC_NO_LEVEL)
        return;
    NOTE(nested_block, !p->smm && !p->sfnm);
    NOTE(smm_blocks, p->smm && (p->isr & p->imr));
    NOTE(sfnm_blocks_lower, p->sfnm && pic_cascades(p, PIC_CASCADE) &&
                                (p->isr & cascade) && !(waiting & cascade));
}

void pic_note_op(const struct lockstep_op *op, const struct pic_node *was,
                 const struct pic_node *is)
{
    bool waited = event_scheduled(&was->int_event);
    bool waits = event_scheduled(&is->int_event);

    NOTE(int_rise_cancelled, waited && !waits && !is->int_high);
    NOTE(int_dips, was->int_high && !is->int_high && waits);
    if (op->kind == PIC_OP_LINE)
        note_line(op, was, is);
    else if (op->kind == PIC_OP_INTA)
        note_inta(was, is);
    else
        note_access(op, was, is);
    for (int chip = 0; chip < PIC_CHIPS; chip++)
        note_blocked(&is->pair.chip[chip]);
}

void pic_note_cycle(const struct lockstep_cycle *c, const struct pic_node *was,
                    const struct pic_node *is)
{
    bool line = false, fall = false, access = false, mask = false, inta = false;
    bool taken;

    for (uint32_t i = 0; i < c->ops; i++) {
        const struct lockstep_op *op = &c->op[i];

        line |= op->kind == PIC_OP_LINE;
        fall |= op->kind == PIC_OP_LINE && !op->value;
        inta |= op->kind == PIC_OP_INTA;
        access |= op->kind == PIC_OP_WRITE || op->kind == PIC_OP_READ;
        mask |=
            op->kind == PIC_OP_WRITE && (op->address == PIC_PORT_MASTER_DATA ||
                                         op->address == PIC_PORT_SLAVE_DATA);
    }
    NOTE(int_at_once, !was->int_high && is->int_high);
    NOTE(line_with_inta, line && inta);
    NOTE(access_with_inta, access && inta);
    NOTE(line_with_access, line && access);
    taken = memcmp(was->isr_irq, is->isr_irq, sizeof was->isr_irq) != 0;
    NOTE(fall_takes_inta, fall && inta && was->int_high && !taken);
    NOTE(mask_takes_inta, mask && inta && was->int_high && !taken);
}
