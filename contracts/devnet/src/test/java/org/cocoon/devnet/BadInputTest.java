package org.cocoon.devnet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wrong is refused with a sentence, in toncenter's shape, and harms nothing. */
final class BadInputTest {
  private static final String GOOD =
      "0:0000000000000000000000000000000000000000000000000000000000000001";

  private static TestDevnet devnet;

  @BeforeAll
  static void start() {
    devnet = new TestDevnet(null, 100);
  }

  @AfterAll
  static void stop() {
    devnet.close();
  }

  private static String refused(int status, String path, String body) {
    HttpResponse<String> response = devnet.exchange(path, body.isEmpty() ? null : body);
    assertEquals(status, response.statusCode(), () -> path + " " + body + ": " + response.body());
    JsonNode node = TestDevnet.json(response);
    assertFalse(node.path("ok").asBoolean(true));
    assertEquals(status, node.path("code").asInt());
    return node.path("error").asText();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          404 | /nothing | ~~ | Not Found
          404 | /api/v2/noSuchMethod | ~~ | Not Found
          422 | /api/v2/getAddressInformation | ~~ | 'address' is missing
          422 | /api/v2/getAddressInformation?address=EQ | ~~ | 48 characters
          422 | /api/v2/getAddressInformation?address=EQCUm8ivArnrArRJxOEdWU9L79QzyMa2ZZZ7YKn52__z0ICX | ~~ | checksum
          422 | /api/v2/getAddressInformation?address=7:00 | ~~ | workchain 7
          422 | /api/v2/getAddressInformation?address=0:00 | ~~ | 32 bytes
          422 | /api/v2/getTransactions?address=@&limit=0 | ~~ | 'limit' is a whole number
          422 | /api/v2/getTransactions?address=@&limit=101 | ~~ | from 1 to 100
          422 | /api/v2/getTransactions?address=@&limit=x | ~~ | 'limit' is a whole number
          422 | /api/v2/getTransactions?address=@&lt=-1 | ~~ | 'lt' is a whole number
          404 | /api/v2/getTransactions?address=@&lt=5&hash=00 | ~~ | cannot locate transaction
          404 | /api/v2/lookupBlock?workchain=0&seqno=999999 | ~~ | not in the database
          422 | /api/v2/lookupBlock?workchain=3&seqno=1 | ~~ | 'workchain'
          422 | /api/v2/sendBoc | {} | 'boc' is missing
          422 | /api/v2/sendBoc | {"boc":"@@@"} | not base64
          422 | /api/v2/sendBoc | {"boc":"AAAAAAAA"} | no bag of cells
          422 | /api/v2/sendBoc | {"boc":"te6cckEBAQEAAgAAAEysuc0="} | a cell ends too early
          422 | /api/v2/sendBoc | {"boc":"te6cckEBAQEAAgAAAEysuM0="} | checksum
          422 | /api/v2/sendBoc | [1] | JSON object
          422 | /api/v2/sendBoc | {"boc | no JSON
          422 | /api/v2/runGetMethod | {"address":"@"} | 'method' is missing
          422 | /api/v2/runGetMethod | {"address":"@","method":"m","stack":{}} | stack is a list
          422 | /api/v2/runGetMethod | {"address":"@","method":"m","stack":[["num"]]} | pair
          422 | /api/v2/runGetMethod | {"address":"@","method":"m","stack":[["num","1e9"]]} | hexadecimal
          422 | /api/v2/runGetMethod | {"address":"@","method":"m","stack":[["wat","1"]]} | tvm.Cell
          422 | /devnet/faucet | {"address":"@"} | 'amount' is missing
          422 | /devnet/faucet | {"address":"@","amount":"-1"} | nanoTON
          422 | /devnet/faucet | {"address":"@","amount":1.5} | nanoTON
          422 | /devnet/faucet | {"address":"@","amount":0} | above 0
          422 | /devnet/faucet | {"address":"@","amount":"6000000000000000000"} | below 5e18
          422 | /devnet/time | {"advanceSeconds":-5} | 'advanceSeconds'
          422 | /devnet/time | {"advanceSeconds":99999999999} | 'advanceSeconds'
          422 | /devnet/faults | {} | 'rules' is a list
          422 | /devnet/faults | {"rules":[{}]} | 'effect' is missing
          422 | /devnet/faults | {"rules":[{"where":"api","effect":"lose"}]} | the api can refuse
          422 | /devnet/faults | {"rules":[{"where":"internal","effect":"double"}]} | external messages can
          422 | /devnet/faults | {"rules":[{"where":"external","effect":"delay"}]} | seconds or blocks
          422 | /devnet/faults | {"rules":[{"where":"external","effect":"lose","probability":2}]} | 0 to 1
          422 | /devnet/freeze | {"frozen":"yes"} | true or false
          422 | /devnet/label | {"address":"@","name":" "} | 1 to 64 characters
          422 | /api/v2/jsonRPC | {"id":1} | method
          404 | /api/v2/jsonRPC | {"id":1,"method":"nonsense","params":{}} | no method 'nonsense'
          """)
  void isRefusedWithASentence(int status, String path, String body, String words) {
    String error =
        refused(status, path.replace("@", GOOD), body.replace("\"@\"", '"' + GOOD + '"'));
    assertTrue(error.contains(words), error);
  }

  @Test
  void bodiesHaveABound() {
    String error = refused(413, "/api/v2/sendBoc", "{\"boc\":\"" + "A".repeat(3 << 20) + "\"}");
    assertTrue(error.contains("2 MiB"), error);
  }

  @Test
  void messagesThatNobodyAcceptsAreRefusedAsToncenterDoes() {
    String message = new Puppet(1).send(Puppet.stranger(1), 1, false, 1);
    String error = refused(500, "/api/v2/sendBoc", "{\"boc\":\"" + message + "\"}");
    assertTrue(error.startsWith("LITE_SERVER_UNKNOWN: cannot apply external message"), error);
  }

  @Test
  void damagedMessagesNeverBreakIt() {
    Random random = new Random(5);
    byte[] good = Base64.getDecoder().decode(new Puppet(2).send(Puppet.stranger(1), 1, true, 1));
    for (int i = 0; i < 300; i++) {
      byte[] bad = good.clone();
      int flips = 1 + random.nextInt(4);
      for (int j = 0; j < flips; j++) {
        bad[random.nextInt(bad.length - 4)] ^= (byte) (1 << random.nextInt(8));
      }
      CRC32C crc = new CRC32C();
      crc.update(bad, 0, bad.length - 4);
      ByteBuffer.wrap(bad)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putInt(bad.length - 4, (int) crc.getValue());
      String body = "{\"boc\":\"" + Base64.getEncoder().encodeToString(bad) + "\"}";
      HttpResponse<String> response = devnet.exchange("/api/v2/sendBoc", body);
      assertTrue(
          response.statusCode() == 422 || response.body().contains("LITE_SERVER_UNKNOWN"),
          () -> "seed 5: " + body + " " + response.body());
    }
    assertEquals(200, devnet.exchange("/devnet/status", null).statusCode());
  }
}
