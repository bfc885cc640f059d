// The message that a write of ICR or SELF IPI sends.  Purely combinational.
module lapic_command (
  input  logic                valid_i,
  input  logic [31:0]         command_i, // as in ICR bits 31:0
  input  logic [31:0]         dest_i,    // ICR bits 63:32
  input  logic [31:0]         sender_i,
  input  logic                xapic_i,   // 8-bit destination

  output logic                send_o,
  output lapic_pkg::message_t message_o,
  output logic                illegal_o  // the vector, which is sent all the same
);
  logic [2:0] mode;
  logic       deassert;

  logic unused_command_bits;
  assign unused_command_bits = ^command_i;

  assign mode = command_i[10:8];
  // Level and trigger mean nothing but in INIT de-assert, which does nothing.
  assign deassert = command_i[15] && !command_i[14];
  assign send_o = valid_i && mode != 3'd3 && mode != lapic_pkg::ModeExtint
                  && !(mode == lapic_pkg::ModeInit && deassert);
  assign illegal_o = send_o && mode <= lapic_pkg::ModeLowest && command_i[7:4] == 4'd0;

  always_comb begin
    message_o = '0;
    message_o.dest = xapic_i ? {24'd0, dest_i[31:24]} : dest_i;
    message_o.sender = sender_i;
    message_o.irq_vector = command_i[7:0];
    message_o.mode = mode;
    message_o.shorthand = command_i[19:18];
    message_o.logical = command_i[11];
    message_o.dest8 = xapic_i;
  end
endmodule
