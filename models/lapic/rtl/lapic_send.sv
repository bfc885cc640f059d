// Messages on their way to the bus, oldest first.
//
// A message leaves `delay_i` ticks after the first tick at or after the cycle in which it was
// written, and the bus takes one message a tick.  If the queue is full, the oldest message leaves
// early to make room: order is kept and nothing is lost.
module lapic_send #(
  parameter int unsigned Depth = 16
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                step_i,   // time went on since the last cycle
  input  logic                tick_i,
  input  logic [15:0]         now_i,    // number of this tick, or of the next one
  input  logic [15:0]         delay_i,

  input  logic                push_i,
  input  lapic_pkg::message_t message_i,

  output logic                valid_o,  // registered
  output lapic_pkg::message_t message_o,
  output logic                waiting_o // messages are on their way
);
  localparam int unsigned Width = $clog2(Depth);

  lapic_pkg::message_t queue [Depth];
  logic [15:0]         due [Depth];

  logic [Width-1:0]    first_q;
  logic [Width:0]      count_q;
  logic [Width-1:0]    last;
  logic                taken_q; // the bus took a message at this tick
  logic                open;    // it takes one now
  logic                leave;   // the oldest is due
  logic                early;   // the oldest makes room
  logic                bypass; // the new message leaves in its own cycle

  assign waiting_o = count_q != '0;
  assign last = first_q + count_q[Width-1:0];
  assign open = rst_ni && tick_i && (step_i || !taken_q);
  assign leave = open && count_q != '0 && $signed(now_i - due[first_q]) >= 16'sd0;
  assign early = push_i && count_q == (Width+1)'(Depth);
  assign bypass = push_i && open && count_q == '0 && delay_i == 16'd0;

  always_ff @(posedge clk_i) begin
    if (push_i && !bypass) begin
      queue[last] <= message_i;
      due[last] <= now_i + delay_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      {first_q, count_q} <= '0;
    end else begin
      first_q <= first_q + Width'(leave || early);
      count_q <= count_q + (Width+1)'(push_i && !bypass) - (Width+1)'(leave || early);
    end
  end

  always_ff @(posedge clk_i) begin
    taken_q <= leave || bypass || (taken_q && !step_i);
    valid_o <= leave || early || bypass;
    message_o <= '0;
    if (leave || early) message_o <= queue[first_q];
    else if (bypass) message_o <= message_i;
  end
endmodule
