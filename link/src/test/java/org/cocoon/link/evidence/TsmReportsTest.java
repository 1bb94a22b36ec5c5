package org.cocoon.link.evidence;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import org.cocoon.link.evidence.TsmException.Failure;
import org.junit.jupiter.api.Test;

final class TsmReportsTest {
  private final TsmReports reports = new TsmReports(Path.of("report"));

  @Test
  void explainsTheKernelsErrors() {
    assertEquals(Failure.BUSY, failure(new IOException("Device or resource busy")));
    assertEquals(Failure.REFUSED_INPUT, failure(new IOException("Invalid argument")));
    assertEquals(
        Failure.NO_TEE,
        failure(new FileSystemException("report/x", null, "No such device or address")));
    assertEquals(Failure.IO, failure(new IOException("Input/output error")));
  }

  @Test
  void asksOnlyForReportDataOf64Bytes() {
    assertThrows(IllegalArgumentException.class, () -> reports.tdxQuote(new byte[63]));
  }

  private Failure failure(IOException e) {
    return reports.explain(e).failure();
  }
}
