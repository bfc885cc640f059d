// The message of an event, as its registers are: never remapped.  Purely combinational.
module iommu_event (
  input  iommu_pkg::event_t   event_i,
  input  logic                extended_i,  // EIME of the table
  output iommu_pkg::message_t message_o
);
  always_comb begin
    message_o.dest = {24'd0, event_i.msg_addr[19:12]};
    if (extended_i) message_o.dest = message_o.dest | event_i.msg_upper;
    message_o.irq_vector = event_i.msg_data[7:0];
    message_o.mode = {2'd0, event_i.msg_data[8]};
    message_o.logical = event_i.msg_addr[2];
    message_o.hint = event_i.msg_addr[3];
    message_o.level = 1'b0;
    message_o.dest8 = !extended_i;
  end

  logic unused_event;
  assign unused_event = ^{event_i.masked, event_i.pending, event_i.msg_addr[31:20],
                          event_i.msg_addr[11:4], event_i.msg_addr[1:0]};
endmodule
