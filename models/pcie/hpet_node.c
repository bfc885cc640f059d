/* The HPET on the engine: one event for the next match, whichever timer's. */
#include "models/pcie/hpet_node.h"

#include <assert.h>

enum { EV_MATCH, EV_RISE };

static uint64_t now_tick(const struct hpet_node *n)
{
    return clock_cycles(&n->config.clock, engine_now(n->config.engine));
}

static void send_message(struct hpet_node *n, unsigned timer)
{
    const struct hpet_node_config *c = &n->config;
    struct hpet_message m = hpet_message(&n->hpet, timer);

    n->messages[timer]++;
    port_send(
        &c->upstream,
        &(struct msg){.kind = MSG_WRITE,
                      .irq = irq_birth(c->irqs, c->irq_source, HOP_MSI_WRITE,
                                       engine_now(c->engine)),
                      .write = {.addr = m.addr,
                                .data = m.data,
                                .bytes = 4,
                                .requester = c->requester}});
}

static void tell_lines(struct hpet_node *n)
{
    uint32_t wires = hpet_wires(&n->hpet), changed = wires ^ n->wires;

    n->wires = wires;
    for (uint32_t rest = changed; rest; rest &= rest - 1) {
        unsigned line = (unsigned)__builtin_ctz(rest);

        port_send(&n->config.lines,
                  &(struct msg){.kind = MSG_LINE,
                                .line = {.line = (uint8_t)line,
                                         .high = wires >> line & 1}});
    }
}

static void look_ahead(struct hpet_node *n)
{
    uint64_t next = hpet_next(&n->hpet);
    sim_time period = n->config.clock.period;

    if (next > (SIM_TIME_NEVER - 1) / period)
        engine_cancel(n->config.engine, &n->match);
    else
        engine_schedule(n->config.engine, &n->match, next * period);
}

static void publish(struct hpet_node *n, struct hpet_out out)
{
    const struct hpet_node_config *c = &n->config;

    for (uint32_t rest = out.send; rest; rest &= rest - 1)
        send_message(n, (unsigned)__builtin_ctz(rest));
    tell_lines(n);
    n->rising |= out.pulse;
    if (out.pulse)
        engine_schedule(c->engine, &n->rise,
                        clock_after(&c->clock, engine_now(c->engine), 1));
}

static void rise(struct hpet_node *n)
{
    engine_cancel(n->config.engine, &n->rise);
    hpet_rise(&n->hpet, n->rising);
    n->rising = 0;
    tell_lines(n);
}

/* Everything that is due; an output rises before the next one falls. */
static void advance(struct hpet_node *n)
{
    if (n->rising && n->rise.time <= engine_now(n->config.engine))
        rise(n);
    while (n->hpet.tick < now_tick(n))
        publish(n, hpet_advance(&n->hpet, now_tick(n)));
}

static void on_event(void *node, struct event *ev)
{
    struct hpet_node *n = node;

    if (ev->what == EV_RISE) {
        rise(n);
        return;
    }
    advance(n);
    look_ahead(n);
}

void hpet_node_init(struct hpet_node *n, const struct hpet_node_config *c)
{
    uint16_t target = engine_add_target(c->engine, on_event, n);
    struct hpet_build build = c->hpet;

    assert(c->clock.period <= HPET_PERIOD_MOST_FS);
    build.period_fs = (uint32_t)c->clock.period;
    *n = (struct hpet_node){.config = *c};
    event_init(&n->match, target, EV_MATCH);
    event_init(&n->rise, target, EV_RISE);
    hpet_init(&n->hpet, &build);
}

static enum hpet_warning warning_of(const struct hpet_node *n, uint32_t offset,
                                    unsigned bytes)
{
    if (hpet_reg_of(&n->hpet, offset) == HPET_REG_COUNT)
        return HPET_WARNING_HOLE;
    if ((bytes == 4 || bytes == 8) && offset % bytes == 0)
        return HPET_WARNING_NONE;
    return HPET_WARNING_WIDTH;
}

uint64_t hpet_node_read(struct hpet_node *n, uint32_t offset, unsigned bytes)
{
    assert(offset < HPET_BYTES);
    n->warnings[warning_of(n, offset, bytes)]++;
    advance(n);
    return hpet_read(&n->hpet, offset, bytes);
}

void hpet_node_write(struct hpet_node *n, uint32_t offset, unsigned bytes,
                     uint64_t value)
{
    enum hpet_warning warning = warning_of(n, offset, bytes);

    assert(offset < HPET_BYTES);
    if (warning == HPET_WARNING_NONE && (n->hpet.conf & HPET_ENABLE_CNF) &&
        hpet_reg_of(&n->hpet, offset) == HPET_MAIN_CNT)
        warning = HPET_WARNING_RUNNING;
    n->warnings[warning]++;
    advance(n);
    hpet_write(&n->hpet, offset, bytes, value);
    tell_lines(n);
    look_ahead(n);
}

const char *hpet_warning_name(enum hpet_warning warning)
{
    static const char *const name[] = {
        "none",
#define WARNING(name, text, rule) text,
#include "models/pcie/hpet_warnings.def"
#undef WARNING
    };

    return name[warning];
}
