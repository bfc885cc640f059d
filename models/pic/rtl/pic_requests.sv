// Requests with an identity: a line's IRR bit; of a level-triggered line only while it is not in
// service.  And the lines in service.  The cascade's level has none of its own.
module pic_requests (
  input  pic_pkg::state_t master_i,
  input  pic_pkg::state_t slave_i,
  output logic [15:0]     requests_o,
  output logic [15:0]     in_service_o
);
  localparam logic [15:0] NotCascade = ~(16'd1 << pic_pkg::Cascade);

  logic [15:0] line;
  logic [15:0] edges;
  logic [15:0] elcr;
  logic [15:0] isr;
  logic        unused_state;

  assign line = {slave_i.line, master_i.line};
  assign edges = {slave_i.edges, master_i.edges};
  assign elcr = {slave_i.elcr, master_i.elcr};
  assign isr = {slave_i.isr, master_i.isr};
  assign requests_o = line & (edges | elcr) & ~(elcr & isr) & NotCascade;
  assign in_service_o = isr & NotCascade;
  assign unused_state = ^{master_i, slave_i};
endmodule
