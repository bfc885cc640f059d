/* Ops that reach outside the CPU: what they cost, and what they do. */
#include "models/cpu/cpu_node_private.h"
#include "models/cpu/cpu_uintr_node.h"
#include "models/cpu/cpu_vapic_node.h"

bool cpu_node_reaches(uint8_t kind)
{
    return kind == OP_RDMSR || kind == OP_WRMSR || kind == OP_MOV_CR8 ||
           kind == OP_LOAD || kind == OP_STORE || kind == OP_IN ||
           kind == OP_OUT || kind == OP_MOV_FROM_CR8;
}

static uint64_t access_cost(const struct cpu_node *n, const struct op *op)
{
    const struct cpu_costs *costs = &n->config.costs;
    bool load = op->kind == OP_LOAD;

    switch (n->config.bus.region(n->config.bus.bus, op->imm)) {
    case REGION_APIC:
        return load ? costs->mmio_read : costs->mmio_write;
    case REGION_DEVICE:
        return load ? cpu_node_cycles(n, n->config.device_read)
                    : costs->mmio_write;
    default:
        return costs->mem_access;
    }
}

uint64_t cpu_node_op_cost(const struct cpu_node *n, const struct op *op)
{
    if (cpu_vapic_node_serves(n, op))
        return cpu_vapic_node_cost(n, op);
    switch (op->kind) {
    case OP_LOAD:
    case OP_STORE:
        return access_cost(n, op);
    case OP_IN:
    case OP_OUT:
        return cpu_node_cycles(n, n->config.port_access);
    default:
        return n->op_cost[op->kind];
    }
}

/* LOAD and STORE: memory takes 64 bits, registers 32. */
static void access(struct cpu_node *n, const struct op *op)
{
    const struct cpu_node_config *g = &n->config;
    bool memory = g->bus.region(g->bus.bus, op->imm) == REGION_MEMORY;
    uint64_t *reg = &n->cpu.gpr[op->reg];

    if (op->kind == OP_LOAD)
        *reg = memory ? mem_read64(g->mem, op->imm)
                      : g->bus.read(g->bus.bus, op->imm);
    else if (memory)
        mem_write64(g->mem, op->imm, *reg);
    else
        g->bus.write(g->bus.bus, op->imm, (uint32_t)*reg);
}

static bool wrmsr_of_uintr(struct cpu_node *n, uint32_t msr, uint64_t value)
{
    bool good = uintr_wrmsr(&n->cpu.uintr, msr, value);

    cpu_uintr_node_changed(n);
    return good;
}

bool cpu_node_reach(struct cpu_node *n, const struct op *op)
{
    const struct cpu_apic_port *apic = &n->config.apic;
    const struct cpu_bus_port *bus = &n->config.bus;
    uint64_t *reg = &n->cpu.gpr[op->reg];

    switch (op->kind) {
    case OP_RDMSR:
        return cpu_rdmsr(&n->cpu, (uint32_t)op->imm, reg) ||
               apic->rdmsr(apic->apic, (uint32_t)op->imm, reg);
    case OP_WRMSR:
        if (cpu_has_uintr_msr(&n->cpu, (uint32_t)op->imm))
            return wrmsr_of_uintr(n, (uint32_t)op->imm, *reg);
        return apic->wrmsr(apic->apic, (uint32_t)op->imm, *reg);
    case OP_MOV_CR8:
        if (*reg > 15)
            return false;
        apic->set_cr8(apic->apic, (uint8_t)*reg);
        return true;
    case OP_MOV_FROM_CR8:
        *reg = apic->cr8(apic->apic);
        return true;
    case OP_IN:
        *reg = bus->in(bus->bus, (uint16_t)op->imm);
        return true;
    case OP_OUT:
        bus->out(bus->bus, (uint16_t)op->imm, (uint8_t)*reg);
        return true;
    default:
        access(n, op);
        return true;
    }
}
