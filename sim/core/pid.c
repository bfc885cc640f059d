/* Posting: PIR first, then ON, so that whoever sees ON finds the request. */
#include "sim/core/pid.h"

static uint64_t word_at(uint64_t pid, uint8_t vector)
{
    return pid + PID_PIR + vector / 64 * 8;
}

bool pid_has(struct mem *m, uint64_t pid, uint8_t vector)
{
    return mem_read64(m, word_at(pid, vector)) >> vector % 64 & 1;
}

struct pid_posted pid_post(struct mem *m, uint64_t pid, uint8_t vector,
                           bool urgent)
{
    uint64_t bit = UINT64_C(1) << vector % 64;
    uint64_t pir = mem_fetch_or64(m, word_at(pid, vector), bit);
    uint64_t control = mem_read64(m, pid + PID_CONTROL);
    struct pid_posted p = {
        .merged = (pir & bit) != 0,
        .notify = !(control & PID_ON) && (urgent || !(control & PID_SN)),
        .nv = pid_nv(control),
        .ndst = pid_ndst(control),
    };

    if (p.notify)
        mem_fetch_or64(m, pid + PID_CONTROL, PID_ON);
    return p;
}
