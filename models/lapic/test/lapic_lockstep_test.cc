/* The RTL side of the local APIC's lock-step test. */
#include "Vlapic.h"

#include "models/lapic/test/lapic_lockstep.h"

namespace
{

enum { LOAD, STORE, RDMSR, WRMSR, SET_CR8 }; /* lapic_pkg::access_e */

/* lapic_pkg::fate_e */
enum { FATE_MERGED = 2, FATE_DISABLED, FATE_ILLEGAL, FATE_UNSUPPORTED };

struct twin {
    Vlapic top;
    lockstep_setup setup;
};

void clock_edge(Vlapic &top)
{
    top.clk_i = 0;
    top.eval();
    top.clk_i = 1;
    top.eval();
}

void forget_strobes(Vlapic &top)
{
    top.msg_valid_i = 0;
    top.cmci_i = top.thermal_i = top.perfmon_i = 0;
    top.acc_valid_i = 0;
    top.ack_i = top.ack_extint_i = 0;
    top.init_i = top.reset_i = 0;
}

void power_up(void *ctx, const lockstep_setup *s)
{
    twin &t = *static_cast<twin *>(ctx);
    const uint64_t *v = s->value;

    t.setup = *s;
    t.top.id_i = static_cast<uint32_t>(v[SETUP_ID]);
    t.top.bsp_i = v[SETUP_BSP] != 0;
    t.top.features_i = static_cast<uint8_t>(v[SETUP_FEATURES]);
    t.top.maxphyaddr_i = static_cast<uint8_t>(v[SETUP_MAXPHYADDR]);
    t.top.accept_to_intr_i = static_cast<uint16_t>(v[SETUP_ACCEPT_TO_INTR]);
    t.top.eoi_to_intr_i = static_cast<uint16_t>(v[SETUP_EOI_TO_INTR]);
    t.top.icr_to_bus_i = static_cast<uint16_t>(v[SETUP_ICR_TO_BUS]);
    t.top.lint_i = 0;
    t.top.step_i = t.top.apic_tick_i = t.top.timer_tick_i = 0;
    forget_strobes(t.top);
    t.top.rst_ni = 0;
    clock_edge(t.top);
    t.top.rst_ni = 1;
}

void present_access(Vlapic &top, const lockstep_op &op, uint8_t kind)
{
    top.acc_valid_i = 1;
    top.acc_kind_i = kind;
    top.acc_address_i = static_cast<uint32_t>(op.address);
    top.acc_bytes_i = static_cast<uint8_t>(op.extra);
    top.acc_wdata_i = op.value;
}

void present_message(Vlapic &top, uint64_t value)
{
    top.msg_valid_i = 1;
    top.msg_vector_i = static_cast<uint8_t>(value);
    top.msg_mode_i = value >> 8 & 7;
    top.msg_level_trigger_i = value >> 11 & 1;
    top.msg_assert_i = value >> 12 & 1;
}

void present_match(Vlapic &top, const lockstep_op &op)
{
    top.match_dest_i = static_cast<uint32_t>(op.value);
    top.match_sender_i = static_cast<uint32_t>(op.address);
    top.match_shorthand_i = op.extra & 3;
    top.match_logical_i = op.extra >> 2 & 1;
    top.match_dest8_i = op.extra >> 3 & 1;
}

void present_pin(Vlapic &top, unsigned pin, bool high)
{
    unsigned others = top.lint_i & ~(1u << pin);

    top.lint_i = static_cast<uint8_t>(others | unsigned(high) << pin);
}

void present(Vlapic &top, const lockstep_op &op)
{
    switch (op.kind) {
    case OP_MESSAGE:
        return present_message(top, op.value);
    case OP_LINT0:
    case OP_LINT1:
        return present_pin(top, op.kind - OP_LINT0, op.value != 0);
    case OP_CMCI:
        top.cmci_i = 1;
        return;
    case OP_THERMAL:
        top.thermal_i = 1;
        return;
    case OP_PERFMON:
        top.perfmon_i = 1;
        return;
    case OP_ACK:
        top.ack_i = 1;
        return;
    case OP_ACK_EXTINT:
        top.ack_extint_i = 1;
        return;
    case OP_INIT:
        top.init_i = 1;
        return;
    case OP_RESET:
        top.reset_i = 1;
        return;
    case OP_MATCH:
        return present_match(top, op);
    default: /* OP_LOAD .. OP_SET_CR8 */
        return present_access(top, op, static_cast<uint8_t>(op.kind - OP_LOAD));
    }
}

void show_fates(const Vlapic &top, uint32_t *seen)
{
    for (unsigned i = 0; i < 9; i++) {
        unsigned fate = top.fate_o >> (3 * i) & 7;
        unsigned error = top.error_fate_o >> (3 * i) & 7;

        seen[SEEN_MERGED] += (fate == FATE_MERGED) + (error == FATE_MERGED);
        seen[SEEN_APIC_DISABLED] += fate == FATE_DISABLED;
        seen[SEEN_ILLEGAL_VECTOR] += fate == FATE_ILLEGAL;
        seen[SEEN_UNSUPPORTED_MODE] += fate == FATE_UNSUPPORTED;
    }
}

void show_message(const Vlapic &top, uint32_t *seen)
{
    seen[SEEN_OUT_VALID] = top.out_valid_o;
    seen[SEEN_OUT_EOI] = top.out_eoi_o;
    seen[SEEN_OUT_VECTOR] = top.out_vector_o;
    seen[SEEN_OUT_DEST] = top.out_dest_o;
    seen[SEEN_OUT_SENDER] = top.out_sender_o;
    seen[SEEN_OUT_MODE] = top.out_mode_o;
    seen[SEEN_OUT_SHORTHAND] = top.out_shorthand_o;
    seen[SEEN_OUT_LOGICAL] = top.out_logical_o;
    seen[SEEN_OUT_DEST8] = top.out_dest8_o;
}

void show(const Vlapic &top, uint32_t *seen)
{
    for (unsigned i = 0; i < SEEN_REGISTERS; i++)
        seen[i] = top.regs_o[i];
    seen[SEEN_BASE_LOW] = static_cast<uint32_t>(top.apic_base_o);
    seen[SEEN_BASE_HIGH] = static_cast<uint32_t>(top.apic_base_o >> 32);
    seen[SEEN_DEADLINE_LOW] = static_cast<uint32_t>(top.tsc_deadline_o);
    seen[SEEN_DEADLINE_HIGH] = static_cast<uint32_t>(top.tsc_deadline_o >> 32);
    seen[SEEN_ERRORS] = top.errors_o;
    seen[SEEN_ERROR_ARMED] = top.error_armed_o;
    seen[SEEN_INTR] = top.intr_o;
    seen[SEEN_EXTINT] = top.extint_o;
    seen[SEEN_NMI] = top.nmi_o;
    seen[SEEN_SMI] = top.smi_o;
    seen[SEEN_INIT] = top.init_o;
    seen[SEEN_SIPI] = top.sipi_o;
    seen[SEEN_SIPI_VECTOR] = top.sipi_vector_o;
    seen[SEEN_RDATA_LOW] = static_cast<uint32_t>(top.acc_rdata_o);
    seen[SEEN_RDATA_HIGH] = static_cast<uint32_t>(top.acc_rdata_o >> 32);
    seen[SEEN_FAULT] = top.acc_fault_o;
    seen[SEEN_ACK_VECTOR] = top.ack_vector_o;
    seen[SEEN_ACK_SPURIOUS] = top.ack_spurious_o;
    show_message(top, seen);
    show_fates(top, seen);
}

void cycle(void *ctx, const lockstep_cycle *c, uint32_t *seen)
{
    twin &t = *static_cast<twin *>(ctx);
    const uint64_t *v = t.setup.value;
    bool asked = false;
    uint64_t now;

    forget_strobes(t.top);
    now = lapic_lockstep_instant(&t.setup, c->number);
    t.top.step_i =
        !c->number || now != lapic_lockstep_instant(&t.setup, c->number - 1);
    t.top.apic_tick_i = now % v[SETUP_APIC_PERIOD] == 0;
    t.top.timer_tick_i = now % v[SETUP_TIMER_PERIOD] == 0;
    t.top.tsc_i = now / v[SETUP_TSC_PERIOD];
    for (uint32_t i = 0; i < c->ops; i++) {
        present(t.top, c->op[i]);
        asked |= c->op[i].kind == OP_MATCH;
    }
    clock_edge(t.top);
    show(t.top, seen);
    if (asked)
        seen[SEEN_MATCH] = t.top.match_o;
}

} // namespace

int main(int argc, char **argv)
{
    static twin t;

    lapic_lockstep_block.side[1] = {"RTL", &t, power_up, cycle};
    return lockstep_main(&lapic_lockstep_block, argc, argv);
}
