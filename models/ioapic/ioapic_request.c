/* The I/O APIC: calls that come as data. */
#include "models/ioapic/ioapic_request.h"

struct ioapic_out ioapic_perform(struct ioapic *io, struct ioapic_request *req)
{
    switch (req->kind) {
    case IOAPIC_REQUEST_PIN:
        return ioapic_set_pin(io, req->pin.number, req->pin.high);
    case IOAPIC_REQUEST_EOI:
        return ioapic_eoi(io, req->vector);
    case IOAPIC_REQUEST_ANSWER:
        return ioapic_answer(io, req->answer.pin, req->answer.taken);
    case IOAPIC_REQUEST_LOAD:
        return ioapic_read(io, &req->access);
    case IOAPIC_REQUEST_STORE:
        return ioapic_write(io, &req->access);
    default:
        ioapic_reset(io);
        return (struct ioapic_out){0};
    }
}
