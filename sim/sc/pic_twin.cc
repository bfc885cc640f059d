/* The verilated pair of 8259As in a machine. */
#include "sim/sc/pic_twin.h"

#include <memory>

#include "Vpic.h"
#include "sim/sc/nodes_c.h"
#include "sim/sc/twin.h"

namespace
{

/* The steps of a cycle: pic_pkg. */
enum { STEP_LINES, STEP_ACCESS, STEP_INTA };

struct rtl : twin_frame<Vpic> {
    bool intr = false; // INT as the node was told
};

rtl &rtl_of(void *of)
{
    return *static_cast<rtl *>(of);
}

bool high(const Vpic &top)
{
    return top.int_o || top.int_direct_o;
}

/* One cycle at the instant of the last catch_up(). */
void cycle(rtl &t, bool step, bool tick)
{
    Vpic &top = t.top;

    top.step_i = step;
    top.tick_i = tick;
    t.clock();
    top.acc_valid_i = top.inta_i = 0;
}

/* The ticks before `now` at which a delay goes on.  True if time went on. */
bool advance(rtl &t, sim_time now)
{
    if (now == t.at)
        return false;
    t.catch_up(
        now, [&t] { return t.top.int_waiting_o; },
        [&t] { cycle(t, true, true); });
    if (high(t.top) != t.intr)
        t.complain(now, "INT rose before its time");
    return true;
}

/* Lines in a step of the cycle, from what the twin tells of all steps. */
uint16_t lines(uint64_t all, unsigned step)
{
    return static_cast<uint16_t>(all >> 16 * step);
}

/* Adds to `out` what a cycle with a call in this step says. */
void add(pic_out &out, const Vpic &top, unsigned step)
{
    uint16_t acked = lines(top.acked_o, step);
    uint16_t ended = lines(top.ended_o, step);

    if (acked) {
        out.acked = __builtin_ctz(acked);
        out.polled = step == STEP_ACCESS;
        out.no_eoi = (acked & ended) != 0;
    }
    if (top.icw1_o)
        out.why = IRQ_PIC_INIT;
    if (top.icw1_o || top.dipped_o)
        out.end_hop = HOP_COUNT; // by ICW1, or automatic EOI
    out.withdrawn = uint16_t(out.withdrawn | lines(top.withdrawn_o, step));
    out.ended = uint16_t(out.ended | ended);
    out.born = uint16_t(out.born | lines(top.born_o, step));
    out.warnings |= top.warnings_o;
    out.intr = high(top) || top.int_waiting_o;
    out.dipped = out.dipped || top.dipped_o || !out.intr;
    out.direct = top.direct_o;
}

void set_line(Vpic &top, unsigned line, bool level)
{
    unsigned others = top.line_i & ~(1u << line);

    top.line_i = static_cast<uint16_t>(others | unsigned(level) << line);
}

/* The ports are bytes: a cycle for each. */
void access(rtl &t, pic_request &req, bool step, pic_out &out)
{
    pic_access &a = req.access;
    bool write = req.kind == PIC_REQUEST_WRITE;
    uint32_t read = 0;

    for (unsigned i = 0; i < a.bytes; i++) {
        t.top.acc_valid_i = 1;
        t.top.acc_write_i = write;
        t.top.acc_port_i = static_cast<uint16_t>(a.port + i);
        t.top.acc_wdata_i = static_cast<uint8_t>(a.value >> 8 * i);
        cycle(t, step && i == 0, t.is_tick(t.at));
        read |= uint32_t(t.top.acc_rdata_o) << 8 * i;
        add(out, t.top, STEP_ACCESS);
    }
    if (a.bytes != 1)
        out.warnings |= PIC_WARN(WIDTH);
    if (!write)
        a.value = read;
}

pic_out perform(void *of, pic_request *req, sim_time now)
{
    rtl &t = rtl_of(of);
    bool step = advance(t, now);
    pic_out out = {};

    out.acked = PIC_NO_LEVEL;
    out.why = IRQ_WITHDRAWN;
    out.end_hop = HOP_EOI;
    switch (req->kind) {
    case PIC_REQUEST_LINE:
        set_line(t.top, req->line.number, req->line.high);
        cycle(t, step, t.is_tick(now));
        add(out, t.top, STEP_LINES);
        break;
    case PIC_REQUEST_ACKNOWLEDGE:
        t.top.inta_i = 1;
        cycle(t, step, t.is_tick(now));
        add(out, t.top, STEP_INTA);
        req->vector = t.top.vector_o;
        break;
    default:
        access(t, *req, step, out);
    }
    t.intr = t.intr && !out.dipped;
    return out;
}

/* INT may have risen already in a cycle of this instant. */
bool intr(void *of, sim_time now)
{
    rtl &t = rtl_of(of);
    bool step = advance(t, now);

    if (!high(t.top))
        cycle(t, step, t.is_tick(now));
    t.intr = high(t.top);
    if (!t.intr)
        t.complain(now, "INT did not rise in time");
    return t.intr;
}

} // namespace

struct pic_twin pic_twin_make(const struct pic_node_config *c)
{
    static const pic_twin_calls calls = {common_calls<rtl>(), perform, intr};
    std::unique_ptr<rtl> t(new rtl);
    Vpic &top = t->top;

    t->name = "the 8259As";
    t->ticks = c->clock;
    top.has_imcr_i = c->has_imcr;
    top.line_to_int_i = static_cast<uint16_t>(c->costs.line_to_int);
    top.write_to_int_i = static_cast<uint16_t>(c->costs.write_to_int);
    top.line_i = 0;
    top.rst_ni = 0;
    cycle(*t, false, false);
    top.rst_ni = 1;
    return {&calls, t.release()};
}
