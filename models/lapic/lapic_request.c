/* The local APIC: calls that come as data. */
#include "models/lapic/lapic_request.h"

static struct lapic_out load(struct lapic *l, struct lapic_request *req,
                             struct lapic_time now)
{
    struct lapic_mmio a = {.offset = req->access.address,
                           .bytes = req->access.bytes};
    struct lapic_out out = lapic_read(l, &a, now);

    req->access.value = a.value;
    return out;
}

static struct lapic_out store(struct lapic *l, const struct lapic_request *req,
                              struct lapic_time now)
{
    struct lapic_mmio a = {req->access.address, req->access.bytes,
                           req->access.value};

    return lapic_write(l, &a, now);
}

struct lapic_out lapic_perform(struct lapic *l, struct lapic_request *req,
                               struct lapic_time now)
{
    switch (req->kind) {
    case LAPIC_REQUEST_MESSAGE:
        return lapic_accept(l, &req->message);
    case LAPIC_REQUEST_LINT:
        return lapic_set_lint(l, req->lint.pin, req->lint.high);
    case LAPIC_REQUEST_LOCAL:
        return lapic_local(l, req->local);
    case LAPIC_REQUEST_ACK:
        return lapic_acknowledge(l, &req->vector);
    case LAPIC_REQUEST_ACK_EXTINT:
        return lapic_acknowledge_extint(l);
    case LAPIC_REQUEST_RESET:
        return lapic_reset(l, req->reset);
    case LAPIC_REQUEST_EXPIRE:
        return lapic_timer_expire(l);
    case LAPIC_REQUEST_SET_CR8:
        return lapic_set_cr8(l, req->access.value);
    case LAPIC_REQUEST_LOAD:
        return load(l, req, now);
    case LAPIC_REQUEST_STORE:
        return store(l, req, now);
    case LAPIC_REQUEST_RDMSR:
        return lapic_rdmsr(l, req->access.address, now, &req->access.value);
    default:
        return lapic_wrmsr(l, req->access.address, req->access.value, now);
    }
}
