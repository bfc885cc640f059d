/* The rules are in cpu_uintr.h. */
#include "models/cpu/cpu_uintr.h"

#include "sim/core/bits.h"

/* CF, PF, AF, ZF, SF, TF, DF, OF, NT, RF, AC and ID. */
#define UIRET_RFLAGS 0x254dd5u
#define RFLAGS_RF (1u << 16)
#define FRAME_BYTES 32u
#define UIRET_BYTES 24u

/* Of an access that no instruction makes, in an exit qualification. */
#define QUALIFICATION_ASYNCHRONOUS (1u << 16)

bool cpu_user_interrupt_due(const struct cpu *c)
{
    return uintr_deliverable(&c->uintr) && c->cpl == 3 && !c->mov_ss_blocking &&
           c->activity == ACTIVITY_ACTIVE;
}

static void push(struct cpu *c, struct mem *m, uint64_t value)
{
    c->rsp -= 8;
    mem_write64(m, c->rsp, value);
}

/* May `bytes` at `first` be accessed?  CPU_GOES_ON if so. */
static struct cpu_result stack_access(const struct cpu *c, uint64_t first,
                                      unsigned bytes, bool write)
{
    struct cpu_result r = {.outcome = CPU_GOES_ON};
    uint64_t last = first + bytes - 1;

    if (!is_canonical(first) || !is_canonical(last))
        return cpu_raise(c, VECTOR_SS, 0);
    if (cpu_access_exits(c, last, write, &r.exit) ||
        cpu_access_exits(c, first, write, &r.exit))
        r.outcome = CPU_EXITS;
    return r;
}

struct cpu_result cpu_deliver_user_interrupt(struct cpu *c, struct mem *m)
{
    uint64_t stack = uintr_stack(&c->uintr, c->rsp), rsp = c->rsp;
    struct cpu_result r;

    if (!is_canonical(c->uintr.uihandler))
        return cpu_raise(c, VECTOR_GP, 0);
    r = stack_access(c, stack - FRAME_BYTES, FRAME_BYTES, true);
    if (r.outcome == CPU_EXITS && !r.exit.intr_info) {
        r.exit.qualification |= QUALIFICATION_ASYNCHRONOUS;
        r.exit.instruction_length = 0;
    }
    if (r.outcome != CPU_GOES_ON)
        return r;
    c->rsp = stack;
    push(c, m, rsp);
    push(c, m, c->rflags);
    push(c, m, c->rip);
    push(c, m, uintr_vector(&c->uintr));
    uintr_take(&c->uintr);
    c->rflags &= ~(uint64_t)(RFLAGS_TF | RFLAGS_RF);
    c->rip = c->uintr.uihandler;
    c->frames = c->frames << 1 | 1;
    cpu_step_over(c);
    return r;
}

/* The handler has dropped the vector. */
static struct cpu_result uiret(struct cpu *c, struct mem *m)
{
    struct cpu_result r = stack_access(c, c->rsp, UIRET_BYTES, false);
    uint64_t rip = mem_read64(m, c->rsp);
    uint64_t rflags = mem_read64(m, c->rsp + 8);

    if (r.outcome != CPU_GOES_ON)
        return r;
    if (!is_canonical(rip))
        return cpu_raise(c, VECTOR_GP, 0);
    cpu_retire(c);
    c->rip = rip;
    c->rflags = (c->rflags & ~(uint64_t)UIRET_RFLAGS) | (rflags & UIRET_RFLAGS);
    c->rsp = mem_read64(m, c->rsp + 16);
    c->frames >>= 1;
    c->uintr.uif = !c->uintr.uif_from_frame || (rflags & RFLAGS_FIXED);
    return r;
}

static struct cpu_result mov_cr4(struct cpu *c, const struct op *op)
{
    bool enable = c->gpr[op->reg] & CR4_UINTR;

    if (enable && !c->uintr.supported)
        return cpu_raise(c, VECTOR_GP, 0);
    c->uintr.enabled = enable;
    cpu_retire(c);
    return (struct cpu_result){.outcome = CPU_GOES_ON};
}

bool cpu_is_uintr(uint8_t kind)
{
    return kind == OP_CLUI || kind == OP_STUI || kind == OP_TESTUI ||
           kind == OP_UIRET || kind == OP_MOV_CR4;
}

struct cpu_result cpu_execute_uintr(struct cpu *c, struct mem *m,
                                    const struct op *op)
{
    if (op->kind == OP_MOV_CR4)
        return mov_cr4(c, op);
    if (!c->uintr.enabled)
        return cpu_raise(c, VECTOR_UD, 0);
    if (op->kind == OP_UIRET)
        return uiret(c, m);
    if (op->kind == OP_TESTUI)
        c->gpr[op->reg] = c->uintr.uif;
    else
        c->uintr.uif = op->kind == OP_STUI;
    cpu_retire(c);
    return (struct cpu_result){.outcome = CPU_GOES_ON};
}

struct cpu_result cpu_senduipi(struct cpu *c, struct mem *m,
                               const struct op *op, struct uintr_sent *sent)
{
    struct cpu_result r = {.outcome = CPU_GOES_ON};
    struct uintr_path path;

    *sent = (struct uintr_sent){0};
    if (!uintr_can_send(&c->uintr))
        return cpu_raise(c, VECTOR_UD, 0);
    path = uintr_find(&c->uintr, m, c->gpr[op->reg]);
    if ((path.in_table && cpu_access_exits(c, path.entry, false, &r.exit)) ||
        (path.legal && cpu_access_exits(c, path.upid, true, &r.exit))) {
        r.outcome = CPU_EXITS;
        return r;
    }
    *sent = uintr_send(m, &path);
    if (sent->fault)
        return cpu_raise(c, VECTOR_GP, 0);
    cpu_retire(c);
    return r;
}
