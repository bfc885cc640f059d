/* The 8259As in lock-step: the RTL side, and the program. */
#include "Vpic.h"
#include "models/pic/test/pic_lockstep.h"

namespace
{

constexpr unsigned kSteps = 3;
constexpr unsigned kAccess = 1; /* the step of the register access */

struct RtlSide {
    Vpic top;
    struct lockstep_setup setup = {};
    uint32_t served = 0, requests = 0;
    uint32_t sent = 0, withdrawn = 0, initialised = 0, delivered = 0;
};

RtlSide &Rtl()
{
    static RtlSide side;

    return side;
}

void Clock(Vpic *top)
{
    top->clk_i = 1;
    top->eval();
    top->clk_i = 0;
    top->eval();
}

void PowerUp(void *, const struct lockstep_setup *s)
{
    RtlSide &r = Rtl();

    r.setup = *s;
    r.served = r.requests = 0;
    r.sent = r.withdrawn = r.initialised = r.delivered = 0;
    r.top.has_imcr_i = s->value[PIC_SETUP_HAS_IMCR] != 0;
    r.top.line_to_int_i =
        static_cast<uint16_t>(s->value[PIC_SETUP_LINE_TO_INT]);
    r.top.write_to_int_i =
        static_cast<uint16_t>(s->value[PIC_SETUP_WRITE_TO_INT]);
    r.top.line_i = 0;
    r.top.step_i = r.top.tick_i = 0;
    r.top.acc_valid_i = 0;
    r.top.inta_i = 0;
    r.top.rst_ni = 0;
    r.top.clk_i = 0;
    r.top.eval(); /* the first evaluation sees no edge */
    Clock(&r.top);
    r.top.rst_ni = 1;
}

void Present(const struct lockstep_op &op, Vpic *top)
{
    uint16_t bit =
        static_cast<uint16_t>(1u << (op.address % PIC_LOCKSTEP_LINES));

    switch (op.kind) {
    case PIC_OP_LINE:
        top->line_i = static_cast<uint16_t>(op.value ? top->line_i | bit
                                                     : top->line_i & ~bit);
        break;
    case PIC_OP_INTA:
        top->inta_i = 1;
        break;
    default:
        top->acc_valid_i = 1;
        top->acc_write_i = op.kind == PIC_OP_WRITE;
        top->acc_port_i = static_cast<uint16_t>(op.address);
        top->acc_wdata_i = static_cast<uint8_t>(op.value);
    }
}

uint32_t Count(uint32_t set)
{
    return static_cast<uint32_t>(__builtin_popcount(set));
}

/* A ledger of requests, from what the twin tells of each step. */
void Keep(RtlSide *r)
{
    for (unsigned step = 0; step < kSteps; step++) {
        auto of = [step](uint64_t all) {
            return static_cast<uint32_t>(all >> 16 * step & 0xffff);
        };
        uint32_t withdrawn = of(r->top.withdrawn_o);
        bool icw1 = step == kAccess && r->top.icw1_o;

        r->delivered += Count(of(r->top.acked_o));
        r->sent += Count(of(r->top.born_o));
        (icw1 ? r->initialised : r->withdrawn) += Count(withdrawn);
        r->requests &= ~(of(r->top.acked_o) | withdrawn);
        r->requests |= of(r->top.born_o);
        r->served |= of(r->top.acked_o);
        r->served &= ~of(r->top.ended_o);
    }
}

void Cycle(void *, const struct lockstep_cycle *c, uint32_t *seen)
{
    RtlSide &r = Rtl();
    uint64_t now = pic_lockstep_instant(&r.setup, c->number);

    r.top.step_i =
        !c->number || now != pic_lockstep_instant(&r.setup, c->number - 1);
    r.top.tick_i = now % r.setup.value[PIC_SETUP_CLOCKS_PER_TICK] == 0;
    r.top.acc_valid_i = r.top.inta_i = 0;
    for (uint32_t i = 0; i < c->ops; i++)
        if (pic_lockstep_in_order(c, i))
            Present(c->op[i], &r.top);
    Clock(&r.top);
    Keep(&r);
    seen[PIC_WORD_INT] =
        static_cast<uint32_t>(r.top.int_o | r.top.int_direct_o << 1);
    seen[PIC_WORD_RDATA] = r.top.acc_rdata_o;
    seen[PIC_WORD_VECTOR] = r.top.vector_o;
    for (unsigned i = 0; i <= PIC_WORD_IMCR - PIC_WORD_MASTER; i++)
        seen[PIC_WORD_MASTER + i] = r.top.state_o[i];
    seen[PIC_WORD_REQUESTS] = r.requests;
    seen[PIC_WORD_SERVED] = r.served;
    seen[PIC_WORD_SENT] = r.sent;
    seen[PIC_WORD_WITHDRAWN] = r.withdrawn;
    seen[PIC_WORD_INITIALISED] = r.initialised;
    seen[PIC_WORD_DELIVERED] = r.delivered;
    seen[PIC_WORD_WARNINGS] = r.top.warnings_o;
}

} // namespace

int main(int argc, char **argv)
{
    struct lockstep_block block = pic_lockstep_block();

    block.side[1] = {"RTL", nullptr, PowerUp, Cycle};
    return lockstep_main(&block, argc, argv);
}
