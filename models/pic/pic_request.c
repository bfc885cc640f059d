/* The pair of 8259As: calls that come as data. */
#include "models/pic/pic_request.h"

struct pic_out pic_perform(struct pic_pair *b, struct pic_request *req)
{
    switch (req->kind) {
    case PIC_REQUEST_LINE:
        return pic_pair_set_line(b, req->line.number, req->line.high);
    case PIC_REQUEST_READ:
        return pic_pair_read(b, &req->access);
    case PIC_REQUEST_WRITE:
        return pic_pair_write(b, &req->access);
    default:
        return pic_pair_acknowledge(b, &req->vector);
    }
}
