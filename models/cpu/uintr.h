/*
 * User interrupts: the state of a logical processor, its MSRs, and what is in
 * memory: user posted-interrupt descriptors (UPID) and the table of those that
 * a thread may send to (UITT).
 *
 * SDM vol. 1 or 3, chapter "User Interrupts".  Addresses are linear ones and
 * memory is mapped one to one.  Left out: user-timer events, shadow stacks,
 * indirect-branch tracking, enclaves.
 */
#ifndef MODELS_CPU_UINTR_H
#define MODELS_CPU_UINTR_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/core/bits.h"
#include "sim/core/mem.h"

#define MSR_UINTR_RR 0x985u
#define MSR_UINTR_HANDLER 0x986u
#define MSR_UINTR_STACKADJUST 0x987u
#define MSR_UINTR_MISC 0x988u
#define MSR_UINTR_PD 0x989u
#define MSR_UINTR_TT 0x98au

#define USER_VECTORS 64u
#define UINTR_PD_RESERVED 0x3fu
#define UINTR_TT_ENABLE 1u
#define UINTR_TT_RESERVED 0xeu
#define UINTR_STACK_LOAD 1u /* UISTACKADJUST: load RSP, do not subtract */

/* First quadword of a UPID; PUIR is the second. */
#define UPID_ON (UINT64_C(1) << 0)
#define UPID_SN (UINT64_C(1) << 1)
#define UPID_RESERVED UINT64_C(0xff00fffc)
#define UPID_NV(word) ((uint8_t)((word) >> 16))
#define UPID_NDST(word) ((uint32_t)((word) >> 32))
#define UPID_PUIR 8u /* offset */

#define UITTE_VALID UINT64_C(1)
#define UITTE_RESERVED (~UINT64_C(0x3f01))
#define UITTE_UV(word) ((uint8_t)((word) >> 8 & 0x3f))
#define UITTE_BYTES 16u

struct uintr {
    bool supported;      /* what the processor is: these two stay in a reset */
    bool uif_from_frame; /* UIRET loads UIF from bit 1 of the frame's RFLAGS */
    bool enabled;        /* CR4.UINTR */
    bool uif;
    uint8_t uinv;
    uint32_t uittsz; /* highest valid index of the table */
    uint64_t uirr, uihandler, uistackadjust, upidaddr;
    uint64_t tt; /* address of the table, and bit 0: SENDUIPI is enabled */
};

/* RDMSR and WRMSR of these; CR4.UINTR does not matter to them. */
bool uintr_has_msr(uint32_t msr);
uint64_t uintr_rdmsr(const struct uintr *u, uint32_t msr);

/* False: #GP(0), nothing changed. */
bool uintr_wrmsr(struct uintr *u, uint32_t msr, uint64_t value);

/* XSAVE state component 14, in its order. */
struct uintr_xsave {
    uint64_t uihandler, uistackadjust, misc, upidaddr, uirr, uittaddr;
};

/* XSAVES: UINV is 0 afterwards, so that a notification for a thread that no
 * longer runs is an ordinary interrupt. */
struct uintr_xsave uintr_xsaves(struct uintr *u);

/* XRSTORS; false: #GP(0), as UINV is not 0. */
bool uintr_xrstors(struct uintr *u, const struct uintr_xsave *area);

/* What SENDUIPI with `index` finds in its table, and would access. */
struct uintr_path {
    bool in_table; /* `entry` is read */
    bool legal;    /* and leads to `upid`, which is written */
    uint64_t entry, upid;
    uint8_t vector; /* the user vector */
};
struct uintr_path uintr_find(const struct uintr *u, struct mem *m,
                             uint64_t index);

/* What SENDUIPI leads to. */
struct uintr_sent {
    bool fault;     /* #GP(0), nothing changed */
    uint64_t upid;  /* the descriptor that was posted to */
    uint8_t posted; /* the user vector */
    bool notify;
    uint8_t vector; /* of the ordinary interrupt to send */
    uint32_t ndst;  /* to this APIC ID; in xAPIC mode in bits 15:8 */
};

/* SENDUIPI, where it is not #UD and its accesses do not exit. */
struct uintr_sent uintr_send(struct mem *m, const struct uintr_path *path);

/* Is SENDUIPI defined? */
static inline bool uintr_can_send(const struct uintr *u)
{
    return u->enabled && (u->tt & UINTR_TT_ENABLE);
}

/* Is this vector a notification, when it is acknowledged or injected? */
static inline bool uintr_identifies(const struct uintr *u, uint8_t vector)
{
    return u->enabled && vector == u->uinv;
}

/* User-interrupt notification processing: the user vectors that were posted. */
uint64_t uintr_process(struct uintr *u, struct mem *m);

/* Would a user interrupt be delivered at privilege level 3? */
static inline bool uintr_deliverable(const struct uintr *u)
{
    return u->enabled && u->uif && u->uirr;
}

/* The vector that is delivered next: UIRRV; UIRR is not 0. */
static inline uint8_t uintr_vector(const struct uintr *u)
{
    return (uint8_t)(63 - __builtin_clzll(u->uirr));
}

/* Where the frame begins when `rsp` is the user's stack. */
uint64_t uintr_stack(const struct uintr *u, uint64_t rsp);

/* UIRRV is taken: its handler is entered. */
void uintr_take(struct uintr *u);

/* NULL, or the first broken invariant in words. */
static inline const char *uintr_check(const struct uintr *u)
{
    if (u->upidaddr & UINTR_PD_RESERVED)
        return "UPIDADDR is not aligned";
    if (u->tt & UINTR_TT_RESERVED)
        return "reserved bits of UITTADDR";
    if (!is_canonical(u->uihandler))
        return "UIHANDLER is not canonical";
    return NULL;
}

#endif
