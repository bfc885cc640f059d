// One register access of one byte: the ports of both chips, ELCR and IMCR.  Purely combinational.
module pic_access (
  input  pic_pkg::state_t master_i,
  input  pic_pkg::state_t slave_i,
  input  logic [7:0]      imcr_select_i,
  input  logic            imcr_i,

  input  logic            has_imcr_i,
  input  logic            valid_i,
  input  logic            write_i,
  input  logic [15:0]     port_i,
  input  logic [7:0]      wdata_i,

  // what the resolvers say of master_i and slave_i
  input  logic            master_found_i,
  input  logic [2:0]      master_level_i,
  input  logic            slave_found_i,
  input  logic [2:0]      slave_level_i,

  output pic_pkg::state_t master_o,
  output pic_pkg::state_t slave_o,
  output logic [7:0]      imcr_select_o,
  output logic            imcr_o,
  output logic [7:0]      rdata_o,
  output logic            icw1_o,
  output logic            master_poll_o,  // the access was an acknowledge by a poll
  output logic            slave_poll_o,
  output logic [pic_pkg::Warnings-1:0] warnings_o
);
  localparam logic [7:0] Elcr1 = 8'(pic_regs_pkg::ELCR1_WRITABLE);
  localparam logic [7:0] Elcr2 = 8'(pic_regs_pkg::ELCR2_WRITABLE);

  // ---- decode ----------------------------------------------------------------------------------

  logic master_port;
  logic slave_port;
  logic elcr1_port;
  logic elcr2_port;
  logic select_port;
  logic imcr_port;
  logic imcr_selected;

  always_comb begin
    master_port = 1'b0;
    slave_port = 1'b0;
    elcr1_port = 1'b0;
    elcr2_port = 1'b0;
    select_port = 1'b0;
    imcr_port = 1'b0;
    unique case ({16'd0, port_i})
      pic_regs_pkg::MASTER_COMMAND_OFFSET,
      pic_regs_pkg::MASTER_DATA_OFFSET: master_port = valid_i;
      pic_regs_pkg::SLAVE_COMMAND_OFFSET,
      pic_regs_pkg::SLAVE_DATA_OFFSET:  slave_port = valid_i;
      pic_regs_pkg::ELCR1_OFFSET:       elcr1_port = valid_i;
      pic_regs_pkg::ELCR2_OFFSET:       elcr2_port = valid_i;
      pic_regs_pkg::IMCR_SELECT_OFFSET: select_port = valid_i && has_imcr_i;
      pic_regs_pkg::IMCR_DATA_OFFSET:   imcr_port = valid_i && has_imcr_i;
      default: ;
    endcase
  end
  assign imcr_selected = imcr_select_i == 8'(pic_regs_pkg::IMCR_INDEX_BITS);

  // ---- writes and polls ------------------------------------------------------------------------

  pic_pkg::state_t master_polled;
  pic_pkg::state_t slave_polled;
  pic_pkg::state_t master_written;
  pic_pkg::state_t slave_written;
  logic            master_icw1;
  logic            slave_icw1;
  logic [pic_pkg::Warnings-1:0] master_warnings;
  logic [pic_pkg::Warnings-1:0] slave_warnings;

  assign master_poll_o = master_port && !write_i && master_i.poll;
  assign slave_poll_o = slave_port && !write_i && slave_i.poll;
  assign icw1_o = master_icw1 || slave_icw1;

  pic_acknowledge u_master_poll (
    .state_i(master_i), .valid_i(master_poll_o), .found_i(master_found_i),
    .level_i(master_level_i), .state_o(master_polled)
  );
  pic_acknowledge u_slave_poll (
    .state_i(slave_i), .valid_i(slave_poll_o), .found_i(slave_found_i),
    .level_i(slave_level_i), .state_o(slave_polled)
  );
  pic_write #(.Master(1'b1)) u_master_write (
    .state_i(master_polled), .valid_i(master_port && write_i), .a0_i(port_i[0]), .wdata_i,
    .state_o(master_written), .icw1_o(master_icw1), .warnings_o(master_warnings)
  );
  pic_write #(.Master(1'b0)) u_slave_write (
    .state_i(slave_polled), .valid_i(slave_port && write_i), .a0_i(port_i[0]), .wdata_i,
    .state_o(slave_written), .icw1_o(slave_icw1), .warnings_o(slave_warnings)
  );

  always_comb begin
    master_o = master_written;
    slave_o = slave_written;
    imcr_select_o = imcr_select_i;
    imcr_o = imcr_i;
    if (elcr1_port && write_i) master_o.elcr = wdata_i & Elcr1;
    if (elcr2_port && write_i) slave_o.elcr = wdata_i & Elcr2;
    if (select_port && write_i) imcr_select_o = wdata_i;
    if (imcr_port && write_i && imcr_selected) begin
      imcr_o = |(wdata_i & 8'(pic_regs_pkg::IMCR_APIC_BITS));
    end
    if (master_poll_o) master_o.poll = 1'b0;
    if (slave_poll_o) begin
      slave_o.poll = 1'b0;
      // its INT drops: what still stands is a new rise at the master
      master_o.line[pic_pkg::Cascade] = 1'b0;
    end
  end

  always_comb begin
    warnings_o = master_warnings | slave_warnings;
    warnings_o[pic_pkg::WarnHole] = valid_i && !(master_port || slave_port || elcr1_port
        || elcr2_port || select_port || imcr_port);
    warnings_o[pic_pkg::WarnElcrFixed] = write_i && ((elcr1_port && (|(wdata_i & ~Elcr1)))
        || (elcr2_port && (|(wdata_i & ~Elcr2))));
  end

  // ---- reads -----------------------------------------------------------------------------------

  logic [7:0] master_rdata;
  logic [7:0] slave_rdata;

  always_comb begin
    master_rdata = master_i.line & (master_i.edges | master_i.elcr);
    if (master_i.poll) master_rdata = {master_found_i, 4'd0, master_level_i};
    else if (port_i[0]) master_rdata = master_i.imr;
    else if (master_i.read_isr) master_rdata = master_i.isr;
    slave_rdata = slave_i.line & (slave_i.edges | slave_i.elcr);
    if (slave_i.poll) slave_rdata = {slave_found_i, 4'd0, slave_level_i};
    else if (port_i[0]) slave_rdata = slave_i.imr;
    else if (slave_i.read_isr) slave_rdata = slave_i.isr;

    rdata_o = pic_pkg::Floating;
    if (master_port) rdata_o = master_rdata;
    if (slave_port) rdata_o = slave_rdata;
    if (elcr1_port) rdata_o = master_i.elcr;
    if (elcr2_port) rdata_o = slave_i.elcr;
    if (select_port) rdata_o = imcr_select_i;
    if (imcr_port && imcr_selected) rdata_o = {7'd0, imcr_i};
    if (!valid_i || write_i) rdata_o = 8'd0;
  end
endmodule
