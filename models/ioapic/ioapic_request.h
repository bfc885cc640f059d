/*
 * Every call that can change an I/O APIC, as plain data: the model carries it
 * out, or the RTL twin in its place.
 */
#ifndef MODELS_IOAPIC_IOAPIC_REQUEST_H
#define MODELS_IOAPIC_IOAPIC_REQUEST_H

#include "models/ioapic/ioapic.h"

enum ioapic_request_kind {
    IOAPIC_REQUEST_PIN,
    IOAPIC_REQUEST_EOI,
    IOAPIC_REQUEST_ANSWER,
    IOAPIC_REQUEST_LOAD,
    IOAPIC_REQUEST_STORE,
    IOAPIC_REQUEST_RESET,
};

struct ioapic_request {
    enum ioapic_request_kind kind;
    union {
        struct {
            unsigned number;
            bool high;
        } pin;
        uint8_t vector; /* of the EOI */
        struct {
            unsigned pin;
            bool taken;
        } answer;
        struct ioapic_mmio access; /* also the answer of a load */
    };
};

struct ioapic_out ioapic_perform(struct ioapic *io, struct ioapic_request *req);

#endif
