// A pin looks whether it has something to send.  Purely combinational.
//
// `sample_i`: a level-triggered entry looks at its level; `edge_i`: an edge-triggered one has
// become active.  Only with remote IRR the same assertion may be asked for more than once: NMI,
// SMI, INIT and ExtINT are sent once for each.
module ioapic_request (
  input  ioapic_pkg::entry_t entry_i,
  input  logic               sample_i,
  input  logic               edge_i,
  input  logic               resend_i,  // an EOI is the cause
  output ioapic_pkg::entry_t entry_o,
  output logic [2:0]         fate_o    // ioapic_pkg::fate_e
);
  logic active;
  logic looks;
  logic requests;

  assign active = entry_i.high != entry_i.active_low;
  assign looks = sample_i && active && entry_i.level && !entry_i.masked && !entry_i.remote_irr;

  always_comb begin
    entry_o = entry_i;
    fate_o = ioapic_pkg::FateNone;
    requests = 1'b0;
    if (looks && entry_i.asked) begin
      entry_o.again = 1'b1;
    end else if (looks && ioapic_pkg::mode_has_vector(entry_i.mode)) begin
      requests = 1'b1;
    end else if (looks && !entry_i.told) begin
      entry_o.told = 1'b1;
      requests = 1'b1;
    end else if (edge_i && entry_i.waiting) begin
      fate_o = ioapic_pkg::FateMergedWaiting;
    end else if (edge_i) begin
      requests = 1'b1;
    end
    if (requests && ioapic_pkg::mode_reserved(entry_i.mode)) begin
      fate_o = ioapic_pkg::FateDropped;
    end else if (requests && !entry_i.waiting) begin
      fate_o = ioapic_pkg::FateRequested;
      entry_o.waiting = 1'b1;
      entry_o.resend = resend_i;
    end
  end
endmodule
