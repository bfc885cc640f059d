/* The rules are in uintr.h. */
#include "models/cpu/uintr.h"

#include <stddef.h>

#include "sim/core/bits.h"

#define MISC_RESERVED (~UINT64_C(0) << 40)
#define MISC_UIF (UINT64_C(1) << 63) /* in the XSAVE area alone */
#define UPID_BYTES 64u               /* its alignment */

static uint64_t misc(const struct uintr *u)
{
    return (uint64_t)u->uinv << 32 | u->uittsz;
}

static void set_misc(struct uintr *u, uint64_t value)
{
    u->uittsz = (uint32_t)value;
    u->uinv = (uint8_t)(value >> 32);
}

bool uintr_has_msr(uint32_t msr)
{
    return msr >= MSR_UINTR_RR && msr <= MSR_UINTR_TT;
}

uint64_t uintr_rdmsr(const struct uintr *u, uint32_t msr)
{
    switch (msr) {
    case MSR_UINTR_RR:
        return u->uirr;
    case MSR_UINTR_HANDLER:
        return u->uihandler;
    case MSR_UINTR_STACKADJUST:
        return u->uistackadjust;
    case MSR_UINTR_MISC:
        return misc(u);
    case MSR_UINTR_PD:
        return u->upidaddr;
    default:
        return u->tt;
    }
}

static bool legal(uint32_t msr, uint64_t value)
{
    switch (msr) {
    case MSR_UINTR_RR:
        return true;
    case MSR_UINTR_MISC:
        return !(value & MISC_RESERVED);
    case MSR_UINTR_PD:
        return !(value & UINTR_PD_RESERVED) && is_canonical(value);
    case MSR_UINTR_TT:
        return !(value & UINTR_TT_RESERVED) && is_canonical(value);
    default:
        return is_canonical(value);
    }
}

bool uintr_wrmsr(struct uintr *u, uint32_t msr, uint64_t value)
{
    if (!legal(msr, value))
        return false;
    switch (msr) {
    case MSR_UINTR_RR:
        u->uirr = value;
        break;
    case MSR_UINTR_HANDLER:
        u->uihandler = value;
        break;
    case MSR_UINTR_STACKADJUST:
        u->uistackadjust = value;
        break;
    case MSR_UINTR_MISC:
        set_misc(u, value);
        break;
    case MSR_UINTR_PD:
        u->upidaddr = value;
        break;
    default:
        u->tt = value;
    }
    return true;
}

struct uintr_xsave uintr_xsaves(struct uintr *u)
{
    struct uintr_xsave area = {
        .uihandler = u->uihandler,
        .uistackadjust = u->uistackadjust,
        .misc = misc(u) | (u->uif ? MISC_UIF : 0),
        .upidaddr = u->upidaddr,
        .uirr = u->uirr,
        .uittaddr = u->tt,
    };

    u->uinv = 0;
    return area;
}

bool uintr_xrstors(struct uintr *u, const struct uintr_xsave *area)
{
    if (u->uinv)
        return false;
    u->uihandler = area->uihandler;
    u->uistackadjust = area->uistackadjust;
    set_misc(u, area->misc);
    u->uif = area->misc & MISC_UIF;
    u->upidaddr = area->upidaddr;
    u->uirr = area->uirr;
    u->tt = area->uittaddr;
    return true;
}

struct uintr_path uintr_find(const struct uintr *u, struct mem *m,
                             uint64_t index)
{
    struct uintr_path p = {
        .in_table = index <= u->uittsz,
        .entry = (u->tt & ~UINT64_C(15)) + UITTE_BYTES * index,
    };
    uint64_t word;

    if (!p.in_table)
        return p;
    word = mem_read64(m, p.entry);
    p.upid = mem_read64(m, p.entry + 8);
    p.vector = UITTE_UV(word);
    p.legal = (word & UITTE_VALID) && !(word & UITTE_RESERVED) &&
              p.upid % UPID_BYTES == 0 && is_canonical(p.upid);
    return p;
}

struct uintr_sent uintr_send(struct mem *m, const struct uintr_path *path)
{
    uint64_t word;
    bool notify;

    if (!path->legal)
        return (struct uintr_sent){.fault = true};
    word = mem_read64(m, path->upid);
    if (word & UPID_RESERVED)
        return (struct uintr_sent){.fault = true};
    mem_fetch_or64(m, path->upid + UPID_PUIR, UINT64_C(1) << path->vector);
    notify = !(word & (UPID_SN | UPID_ON));
    if (notify)
        mem_fetch_or64(m, path->upid, UPID_ON);
    return (struct uintr_sent){
        .upid = path->upid,
        .posted = path->vector,
        .notify = notify,
        .vector = UPID_NV(word),
        .ndst = UPID_NDST(word),
    };
}

uint64_t uintr_process(struct uintr *u, struct mem *m)
{
    uint64_t posted;

    mem_fetch_and64(m, u->upidaddr, ~UPID_ON);
    posted = mem_exchange64(m, u->upidaddr + UPID_PUIR, 0);
    u->uirr |= posted;
    return posted;
}

uint64_t uintr_stack(const struct uintr *u, uint64_t rsp)
{
    uint64_t stack = u->uistackadjust & UINTR_STACK_LOAD
                         ? u->uistackadjust
                         : rsp - u->uistackadjust;

    return stack & ~UINT64_C(15);
}

void uintr_take(struct uintr *u)
{
    u->uirr &= ~(UINT64_C(1) << uintr_vector(u));
    u->uif = false;
}
