// One access to the I/O APIC's page: where it goes, what it reads, what software did wrong.  Purely
// combinational.
module ioapic_access #(
  parameter int unsigned Pins
) (
  input  logic [15:0]        version_i,
  input  logic [7:0]         select_i,  // IOREGSEL
  input  logic [31:0]        id_i,
  input  logic [64*Pins-1:0] rte_i,

  input  logic        valid_i,
  input  logic        write_i,
  input  logic [11:0] offset_i,
  input  logic [3:0]  bytes_i,          // 1, 2, 4 or 8
  input  logic [63:0] wdata_i,

  output logic [63:0] rdata_o,
  output logic        write_select_o,
  output logic        write_id_o,
  output logic        write_eoi_o,
  output logic [Pins-1:0] write_low_o,
  output logic [Pins-1:0] write_high_o,
  output logic [31:0] stored_o,         // what is written, stored bits only
  output logic [3:0]  warning_o         // ioapic_pkg::warning_e, but for what an entry's write says
);
  logic version_20;
  logic version_boot;
  assign version_20 = {24'd0, version_i[7:0]} >= ioapic_regs_pkg::EOI_SINCE;
  assign version_boot = {24'd0, version_i[7:0]} >= ioapic_regs_pkg::BOOT_CONFIG_SINCE;

  // ---- behind the window -----------------------------------------------------------------------

  logic [31:0] select;
  logic [6:0]  pin;
  logic        is_entry;
  logic        is_high;
  logic        exists;
  logic        read_only;
  logic [31:0] window;

  assign select = {24'd0, select_i};
  assign pin = select_i[7:1] - ioapic_regs_pkg::RTE_LOW_INDEX[7:1];
  assign is_high = select_i[0] == ioapic_regs_pkg::RTE_HIGH_INDEX[0];
  assign is_entry = select >= ioapic_regs_pkg::RTE_LOW_INDEX && {25'd0, pin} < Pins;
  assign read_only = select == ioapic_regs_pkg::VERSION_INDEX
                     || select == ioapic_regs_pkg::ARB_INDEX;
  assign exists = is_entry || read_only || select == ioapic_regs_pkg::ID_INDEX
                  || (select == ioapic_regs_pkg::BOOT_CONFIG_INDEX && version_boot);

  always_comb begin
    window = 32'd0;
    for (int unsigned i = 0; i < Pins; i++) begin
      if (is_entry && {25'd0, pin} == i) begin
        window = is_high ? rte_i[64*i+32 +: 32] : rte_i[64*i +: 32];
      end
    end
    if (select == ioapic_regs_pkg::ID_INDEX || select == ioapic_regs_pkg::ARB_INDEX) window = id_i;
    if (select == ioapic_regs_pkg::VERSION_INDEX) window = {8'd0, 8'(Pins - 1), version_i};
  end

  // ---- in the page -----------------------------------------------------------------------------

  // Whether a register begins at an offset.
  logic [31:0] offset;
  logic [31:0] aligned;
  logic        here;      // the access lies in a register's four bytes, or begins there
  logic        exact;     // it begins where the register does
  logic        write_only;
  logic [31:0] word_low;
  logic [31:0] word_high;
  logic [63:0] bytes_mask;
  logic        odd_width;

  assign offset = {20'd0, offset_i};
  assign aligned = {20'd0, offset_i[11:2], 2'b00};
  assign exact = offset_i[1:0] == 2'd0;
  assign odd_width = bytes_i != 4'd4 || !exact;

  always_comb begin
    here = 1'b0;
    write_only = 1'b0;
    unique case (aligned)
      ioapic_regs_pkg::IOREGSEL_OFFSET, ioapic_regs_pkg::IOWIN_OFFSET: here = 1'b1;
      ioapic_regs_pkg::PIN_ASSERTION_OFFSET: begin
        here = version_20 && version_i[15];
        write_only = 1'b1;
      end
      ioapic_regs_pkg::EOI_OFFSET: begin
        here = version_20;
        write_only = 1'b1;
      end
      default: ;
    endcase
  end

  function automatic logic [31:0] word_at(input logic [31:0] at, input logic [7:0] index,
                                          input logic [31:0] value);
    word_at = 32'd0;
    if (at == ioapic_regs_pkg::IOREGSEL_OFFSET) word_at = {24'd0, index};
    else if (at == ioapic_regs_pkg::IOWIN_OFFSET) word_at = value;
  endfunction

  assign word_low = word_at(aligned, select_i, window);
  assign word_high = word_at(aligned + 32'd4, select_i, window);
  assign bytes_mask = ~(~64'd0 << {bytes_i, 3'd0});  // 8 bytes: shifted out, all ones
  assign rdata_o = valid_i && !write_i
      ? ({word_high, word_low} >> {offset_i[1:0], 3'd0}) & bytes_mask : 64'd0;

  // ---- writes ----------------------------------------------------------------------------------

  logic begins;
  logic write_window;
  assign begins = valid_i && write_i && exact && here && !bytes_i[3];
  assign write_select_o = begins && offset == ioapic_regs_pkg::IOREGSEL_OFFSET;
  assign write_eoi_o = begins && offset == ioapic_regs_pkg::EOI_OFFSET;
  assign write_window = begins && offset == ioapic_regs_pkg::IOWIN_OFFSET && bytes_i[2];
  assign write_id_o = write_window && select == ioapic_regs_pkg::ID_INDEX;

  always_comb begin
    for (int unsigned i = 0; i < Pins; i++) begin
      write_low_o[i] = write_window && is_entry && !is_high && {25'd0, pin} == i;
      write_high_o[i] = write_window && is_entry && is_high && {25'd0, pin} == i;
    end
  end

  logic unused_wdata;
  assign unused_wdata = ^wdata_i[63:32];

  always_comb begin
    stored_o = wdata_i[31:0];
    if (write_id_o) stored_o = wdata_i[31:0] & ioapic_regs_pkg::ID_WRITABLE;
    if (|write_low_o) stored_o = wdata_i[31:0] & ioapic_regs_pkg::RTE_LOW_WRITABLE;
    if (|write_high_o) begin
      stored_o = wdata_i[31:0] & ioapic_regs_pkg::RTE_HIGH_WRITABLE;
      if ({24'd0, version_i[7:0]} < ioapic_regs_pkg::RTE_HIGH_FROM) begin
        stored_o = stored_o & ~ioapic_regs_pkg::RTE_HIGH_BITS;
      end
    end
  end

  always_comb begin
    warning_o = ioapic_pkg::WarningNone;
    if (valid_i) begin
      if (!here) begin
        warning_o = ioapic_pkg::WarningHole;
      end else if (odd_width) begin
        warning_o = ioapic_pkg::WarningWidth;
      end else if (!write_i && write_only) begin
        warning_o = ioapic_pkg::WarningWriteOnly;
      end else if (aligned == ioapic_regs_pkg::IOWIN_OFFSET && !exists) begin
        warning_o = ioapic_pkg::WarningIndex;
      end else if (write_window && read_only) begin
        warning_o = ioapic_pkg::WarningReadOnly;
      end
    end
  end
endmodule
