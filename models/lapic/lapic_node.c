/* The local APIC on the engine: when it acts, and whom it tells. */
#include "models/lapic/lapic_node.h"

#include <assert.h>

enum { EVENT_INTR, EVENT_TIMER, EVENT_SEND };

static const uint8_t core_line_of[] = {
    [DELIVERY_SMI] = CORE_SMI,
    [DELIVERY_NMI] = CORE_NMI,
    [DELIVERY_INIT] = CORE_INIT,
    [DELIVERY_SIPI] = CORE_SIPI,
};

static sim_time now_of(const struct lapic_node *n)
{
    return engine_now(n->config.engine);
}

static struct lapic_time register_time(const struct lapic_node *n)
{
    const struct clock *timer = &n->config.timer_clock;

    return (struct lapic_time){
        .timer_edge = clock_cycles(timer, clock_edge(timer, now_of(n))),
        .tsc = clock_cycles(&n->config.tsc_clock, now_of(n)),
    };
}

static bool has_twin(const struct lapic_node *n)
{
    return n->config.twin.call != NULL;
}

/* The model, or the twin in its place. */
static struct lapic_out perform(struct lapic_node *n, struct lapic_request *req)
{
    const struct lapic_twin *twin = &n->config.twin;
    struct lapic_time time = {0, 0};

    if (has_twin(n))
        return twin->call->perform(twin->of, req, now_of(n));
    if (req->kind >= LAPIC_REQUEST_LOAD)
        time = register_time(n);
    return lapic_perform(&n->lapic, req, time);
}

/* How the twin is, as far as warnings ask for it. */
static struct lapic seen_twin(const struct lapic_node *n)
{
    const struct lapic_twin *twin = &n->config.twin;

    return (struct lapic){
        .config.features = n->config.features,
        .base = twin->call->base(twin->of),
        .lvt[LVT_TIMER] = twin->call->reg(twin->of, LAPIC_LVT_TIMER),
    };
}

/* The same for software, which can do wrong. */
static struct lapic_out perform_access(struct lapic_node *n,
                                       struct lapic_request *req)
{
    struct lapic_out out = perform(n, req);
    struct lapic seen;

    if (has_twin(n)) {
        seen = seen_twin(n);
        n->warnings[lapic_warning_of(&seen, req, out.gp)]++;
    } else {
        n->warnings[lapic_warning_of(&n->lapic, req, out.gp)]++;
    }
    return out;
}

static void core_line(const struct lapic_node *n, struct msg_line line)
{
    struct msg m = {.kind = MSG_LINE, .line = line};

    port_send(&n->config.core, &m);
}

static void drive_intr(struct lapic_node *n, bool high, uint64_t cycles)
{
    struct engine *e = n->config.engine;

    if (high && !n->intr_high && !event_scheduled(&n->intr_event)) {
        engine_schedule(e, &n->intr_event,
                        clock_after(&n->config.apic_clock, now_of(n), cycles));
    } else if (!high) {
        engine_cancel(e, &n->intr_event);
        if (n->intr_high) {
            n->intr_high = false;
            core_line(n, (struct msg_line){.line = CORE_INTR});
        }
    }
}

static void drive_extint(struct lapic_node *n, bool high)
{
    if (high == n->extint_high)
        return;
    n->extint_high = high;
    core_line(n, (struct msg_line){.line = CORE_EXTINT, .high = high});
}

static void forward(struct lapic_node *n, const struct lapic_taken *taken,
                    irq_id id)
{
    irq_deliver(n->config.irqs, id, HOP_LAPIC_ACCEPT, now_of(n));
    irq_finish(n->config.irqs, id, HOP_COUNT, now_of(n));
    if (taken->mode == DELIVERY_EXTINT) /* a level: drive_extint() */
        return;
    core_line(n, (struct msg_line){.line = core_line_of[taken->mode],
                                   .high = true,
                                   .vector = taken->vector});
}

/* The interrupt `id` reached the APIC: what became of it. */
static void take(struct lapic_node *n, const struct lapic_taken *taken,
                 irq_id id)
{
    struct irqs *q = n->config.irqs;

    switch (taken->fate) {
    case LAPIC_FATE_ACCEPTED:
        n->irr_irq[taken->vector] = id;
        irq_hop(q, id, HOP_LAPIC_ACCEPT, now_of(n));
        break;
    case LAPIC_FATE_MERGED:
        irq_merge(q, id, IRQ_IRR_SET);
        break;
    case LAPIC_FATE_REFUSED:
        irq_drop(q, id, (enum irq_reason)taken->why);
        break;
    case LAPIC_FATE_FORWARDED:
        forward(n, taken, id);
        break;
    default:
        break;
    }
}

/* An interrupt that begins in the APIC itself. */
static void bear(struct lapic_node *n, const struct lapic_taken *taken,
                 uint16_t source, enum hop hop)
{
    if (taken->fate == LAPIC_FATE_NONE)
        return;
    take(n, taken, irq_birth(n->config.irqs, source, hop, now_of(n)));
}

/* The ISR bit is gone.  While its fate is open, software holds the
 * interrupt. */
static void leave_isr(struct lapic_node *n, uint8_t vector, enum hop hop)
{
    irq_id id = n->isr_irq[vector];

    n->isr_irq[vector] = 0;
    if (!irq_pending(n->config.irqs, id))
        irq_finish(n->config.irqs, id, hop, now_of(n));
}

static void clear(struct lapic_node *n)
{
    for (int v = 0; v < 256; v++) {
        irq_drop(n->config.irqs, n->irr_irq[v], IRQ_APIC_RESET);
        n->irr_irq[v] = 0;
        leave_isr(n, (uint8_t)v, HOP_COUNT);
    }
}

/* When the oldest message leaves: the bus takes one in a cycle. */
static void schedule_send(struct lapic_node *n)
{
    sim_time due = n->sending[n->sending_first].due;

    engine_schedule(n->config.engine, &n->send_event,
                    due < n->bus_free ? n->bus_free : due);
}

/* The oldest message goes to the bus. */
static void send_oldest(struct lapic_node *n)
{
    struct lapic_sending *s = &n->sending[n->sending_first];
    struct msg m = s->message;

    if (has_twin(n))
        n->config.twin.call->leave(n->config.twin.of, now_of(n), &m);
    n->icr_time = s->written;
    n->sending_first = (n->sending_first + 1) % LAPIC_SEND_MAX;
    n->sending_count--;
    if (n->sending_count)
        schedule_send(n);
    else
        engine_cancel(n->config.engine, &n->send_event);
    port_send(&n->config.bus, &m);
}

static void send(struct lapic_node *n, const struct msg *m)
{
    sim_time due = clock_after(&n->config.apic_clock, now_of(n),
                               n->config.costs.icr_to_bus);
    uint32_t last;

    if (n->sending_count == LAPIC_SEND_MAX)
        send_oldest(n);
    last = (n->sending_first + n->sending_count) % LAPIC_SEND_MAX;
    n->sending[last] = (struct lapic_sending){now_of(n), due, *m};
    n->sending_count++;
    if (n->sending_count == 1)
        schedule_send(n);
}

/* A reset, what an APIC sends, and its own error.  Apart, as the messages on
 * the stack cost every call. */
static __attribute__((noinline)) void publish_rare(struct lapic_node *n,
                                                   const struct lapic_out *out)
{
    if (out->cleared)
        clear(n);
    bear(n, &out->error, n->config.lint_source, HOP_APIC_ERROR);
    if (out->eoi_bcast)
        send(n, &(struct msg){.kind = MSG_EOI, .eoi_vector = out->eoi_vector});
    if (out->send)
        send(n, &(struct msg){.kind = MSG_APIC, .apic = out->message});
}

/* Everything that a call says beside its own interrupt; INTR rises after
 * `cycles`. */
static void publish(struct lapic_node *n, const struct lapic_out *out,
                    uint64_t cycles)
{
    if (out->eoi)
        leave_isr(n, out->eoi_vector, HOP_EOI);
    if (out->cleared | out->eoi_bcast | out->send |
        (out->error.fate != LAPIC_FATE_NONE))
        publish_rare(n, out);
    drive_intr(n, out->intr, cycles);
    drive_extint(n, out->extint);
    assert(has_twin(n) || !lapic_check(&n->lapic));
}

/* The time of the next expiry; SIM_TIME_NEVER also if it lies beyond the end
 * of time. */
static sim_time timer_due(const struct lapic_node *n)
{
    const struct lapic_twin *twin = &n->config.twin;
    struct lapic_due due = has_twin(n) ? twin->call->timer_due(twin->of)
                                       : lapic_timer_due(&n->lapic);
    const struct clock *c = due.clock == LAPIC_DUE_TSC ? &n->config.tsc_clock
                                                       : &n->config.timer_clock;

    if (due.clock == LAPIC_DUE_NEVER || due.at > SIM_TIME_NEVER / c->period)
        return SIM_TIME_NEVER;
    return due.at * c->period;
}

/* Every expiry that is due fires; the next one is scheduled. */
static void run_timer(struct lapic_node *n)
{
    sim_time due = timer_due(n);

    while (due <= now_of(n)) {
        struct lapic_request req = {.kind = LAPIC_REQUEST_EXPIRE};
        struct lapic_out out = perform(n, &req);

        bear(n, &out.taken, n->config.timer_source, HOP_TIMER_EXPIRY);
        publish(n, &out, n->config.costs.accept_to_intr);
        due = timer_due(n);
    }
    if (due == SIM_TIME_NEVER)
        engine_cancel(n->config.engine, &n->timer_event);
    else if (!event_scheduled(&n->timer_event) || n->timer_event.time != due)
        engine_schedule(n->config.engine, &n->timer_event, due);
}

/* Software's access: expiries of this instant come before it. */
static void begin_access(struct lapic_node *n)
{
    if (event_scheduled(&n->timer_event) && n->timer_event.time <= now_of(n))
        run_timer(n);
}

static void end_access(struct lapic_node *n, const struct lapic_out *out)
{
    bear(n, &out->taken, n->config.lint_source, HOP_LINE_EDGE);
    publish(n, out, n->config.costs.eoi_to_intr);
    if (out->timer_changed)
        run_timer(n);
}

static void raise_intr(struct lapic_node *n)
{
    const struct lapic_twin *twin = &n->config.twin;

    n->intr_high = !has_twin(n) || twin->call->intr(twin->of, now_of(n));
    core_line(n, (struct msg_line){.line = CORE_INTR, .high = n->intr_high});
}

static void on_event(void *node, struct event *ev)
{
    struct lapic_node *n = node;

    switch (ev->what) {
    case EVENT_INTR:
        raise_intr(n);
        break;
    case EVENT_TIMER:
        run_timer(n);
        break;
    default:
        n->bus_free = clock_after(&n->config.apic_clock, now_of(n), 1);
        send_oldest(n);
    }
}

void lapic_node_init(struct lapic_node *n, const struct lapic_node_config *c)
{
    struct lapic_config lapic = {c->id, c->bsp, c->features, c->maxphyaddr};
    uint16_t target = engine_add_target(c->engine, on_event, n);

    *n = (struct lapic_node){.config = *c};
    lapic_init(&n->lapic, &lapic);
    event_init(&n->intr_event, target, EVENT_INTR);
    event_init(&n->timer_event, target, EVENT_TIMER);
    event_init(&n->send_event, target, EVENT_SEND);
}

void lapic_node_reset(struct lapic_node *n, enum lapic_reset how)
{
    struct lapic_request req = {.kind = LAPIC_REQUEST_RESET, .reset = how};
    struct lapic_out out = perform(n, &req);

    end_access(n, &out);
}

static struct lapic_out accept(struct lapic_node *n, const struct msg_apic *m)
{
    struct lapic_request req;

    if (!has_twin(n))
        return lapic_accept(&n->lapic, m);
    req = (struct lapic_request){.kind = LAPIC_REQUEST_MESSAGE, .message = *m};
    return perform(n, &req);
}

static void receive_line(struct lapic_node *n, const struct msg_line *m)
{
    struct lapic_request req = {
        .kind = LAPIC_REQUEST_LINT,
        .lint = {.pin = m->line, .high = m->high},
    };
    struct lapic_out out = perform(n, &req);

    bear(n, &out.taken, n->config.lint_source, HOP_LINE_EDGE);
    publish(n, &out, n->config.costs.accept_to_intr);
}

static void receive_message(struct lapic_node *n, const struct msg *m)
{
    struct lapic_out out = accept(n, &m->apic);

    take(n, &out.taken, m->irq);
    publish(n, &out, n->config.costs.accept_to_intr);
}

void lapic_node_receive(struct lapic_node *n, const struct msg *m)
{
    assert(m->kind == MSG_APIC || m->kind == MSG_LINE);
    if (m->kind == MSG_APIC)
        receive_message(n, m);
    else
        receive_line(n, &m->line);
}

void lapic_node_local(struct lapic_node *n, enum lapic_lvt source)
{
    struct lapic_request req = {.kind = LAPIC_REQUEST_LOCAL, .local = source};
    struct lapic_out out = perform(n, &req);

    bear(n, &out.taken, n->config.lint_source, HOP_LINE_EDGE);
    publish(n, &out, n->config.costs.accept_to_intr);
}

bool lapic_node_matches(const struct lapic_node *n, const struct msg_apic *m)
{
    const struct lapic_twin *twin = &n->config.twin;

    return has_twin(n) ? twin->call->matches(twin->of, m)
                       : lapic_matches(&n->lapic, m);
}

bool lapic_node_rdmsr(struct lapic_node *n, uint32_t msr, uint64_t *value)
{
    struct lapic_request req = {.kind = LAPIC_REQUEST_RDMSR,
                                .access = {.address = msr}};
    struct lapic_out out;

    begin_access(n);
    out = perform_access(n, &req);
    *value = req.access.value;
    return !out.gp;
}

/* Software's store, WRMSR or load. */
static struct lapic_out access(struct lapic_node *n, struct lapic_request *req)
{
    struct lapic_out out;

    begin_access(n);
    out = perform_access(n, req);
    end_access(n, &out);
    return out;
}

bool lapic_node_wrmsr(struct lapic_node *n, uint32_t msr, uint64_t value)
{
    struct lapic_request req = {.kind = LAPIC_REQUEST_WRMSR,
                                .access = {.address = msr, .value = value}};

    return !access(n, &req).gp;
}

uint64_t lapic_node_read(struct lapic_node *n, uint32_t offset, unsigned bytes)
{
    struct lapic_request req = {.kind = LAPIC_REQUEST_LOAD,
                                .access = {.address = offset, .bytes = bytes}};

    access(n, &req);
    return req.access.value;
}

void lapic_node_write(struct lapic_node *n, uint32_t offset, unsigned bytes,
                      uint64_t value)
{
    struct lapic_request req = {.kind = LAPIC_REQUEST_STORE,
                                .access = {offset, bytes, value}};

    access(n, &req);
}

void lapic_node_eoi(struct lapic_node *n)
{
    struct lapic_out out;

    if (has_twin(n) && lapic_node_mode(n) == LAPIC_MODE_X2APIC) {
        lapic_node_wrmsr(n, LAPIC_MSR_FIRST + LAPIC_EOI / 16, 0);
    } else if (has_twin(n)) {
        lapic_node_write(n, LAPIC_EOI, 4, 0);
    } else {
        begin_access(n);
        out = lapic_eoi(&n->lapic);
        end_access(n, &out);
    }
}

bool lapic_node_claims(const struct lapic_node *n, uint64_t addr)
{
    const struct lapic_twin *twin = &n->config.twin;
    struct lapic seen;

    if (!has_twin(n))
        return lapic_claims(&n->lapic, addr);
    seen.base = twin->call->base(twin->of);
    return lapic_claims(&seen, addr);
}

enum lapic_mode lapic_node_mode(const struct lapic_node *n)
{
    const struct lapic_twin *twin = &n->config.twin;
    struct lapic seen;

    if (!has_twin(n))
        return lapic_mode(&n->lapic);
    seen.base = twin->call->base(twin->of);
    return lapic_mode(&seen);
}

bool lapic_node_software_enabled(const struct lapic_node *n)
{
    const struct lapic_twin *twin = &n->config.twin;

    return has_twin(n)
               ? (twin->call->reg(twin->of, LAPIC_SVR) & LAPIC_SVR_ENABLE) != 0
               : lapic_software_enabled(&n->lapic);
}

uint32_t lapic_node_tpr(const struct lapic_node *n)
{
    const struct lapic_twin *twin = &n->config.twin;

    return has_twin(n) ? twin->call->reg(twin->of, LAPIC_TPR) : n->lapic.tpr;
}

bool lapic_node_in_irr(const struct lapic_node *n, uint8_t vector)
{
    const struct lapic_twin *twin = &n->config.twin;
    uint32_t offset = LAPIC_IRR + 16u * (vector / 32u);

    return has_twin(n) ? twin->call->reg(twin->of, offset) >> vector % 32 & 1
                       : vecset_has(&n->lapic.irr, vector);
}

uint8_t lapic_node_cr8(const struct lapic_node *n)
{
    return (uint8_t)(lapic_node_tpr(n) >> 4);
}

void lapic_node_set_cr8(struct lapic_node *n, uint8_t cr8)
{
    struct lapic_request req = {.kind = LAPIC_REQUEST_SET_CR8,
                                .access = {.value = cr8}};
    struct lapic_out out = perform_access(n, &req);

    end_access(n, &out);
}

struct lapic_ack lapic_node_acknowledge(struct lapic_node *n)
{
    struct lapic_request req = {.kind = LAPIC_REQUEST_ACK};
    struct lapic_out out = perform(n, &req);
    struct lapic_ack ack = {.vector = req.vector, .spurious = out.spurious};

    if (!ack.spurious) {
        ack.irq = n->irr_irq[ack.vector];
        n->irr_irq[ack.vector] = 0;
        n->isr_irq[ack.vector] = ack.irq;
    }
    publish(n, &out, n->config.costs.eoi_to_intr);
    return ack;
}

void lapic_node_acknowledge_extint(struct lapic_node *n)
{
    struct lapic_request req = {.kind = LAPIC_REQUEST_ACK_EXTINT};
    struct lapic_out out = perform(n, &req);

    publish(n, &out, n->config.costs.eoi_to_intr);
}

void lapic_node_each_held(const struct lapic_node *n,
                          void (*each)(void *ctx, irq_id id), void *ctx)
{
    for (int v = 0; v < 256; v++) {
        if (n->irr_irq[v])
            each(ctx, n->irr_irq[v]);
        if (n->isr_irq[v])
            each(ctx, n->isr_irq[v]);
    }
}
