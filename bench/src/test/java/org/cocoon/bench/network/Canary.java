package org.cocoon.bench.network;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A random word that is in one place only, and every form in which a program could have kept it:
 * bytes as they are, UTF-16, hexadecimal, base64 at each of its three alignments, JSON escapes.
 */
final class Canary {
  private static final int LENGTH = 32;

  /** Bytes at each end of a base64 text that its neighbours have a part in. */
  private static final int BASE64_EDGE = 4;

  private final String word;
  private final Map<String, byte[]> forms = new LinkedHashMap<>();

  /** A mark that was found. */
  record Found(Path file, String form, long offset) {}

  /** A random one. */
  Canary(Random random) {
    this(
        random
            .ints(LENGTH, 0, 26)
            .mapToObj(letter -> String.valueOf((char) ('a' + letter)))
            .collect(Collectors.joining()));
  }

  /** A text of letters, digits and spaces that is found nowhere by chance. */
  Canary(String text) {
    word = text;
    byte[] bytes = word.getBytes(US_ASCII);
    forms.put("as it is", bytes);
    forms.put("UTF-16 little-endian", word.getBytes(UTF_16LE));
    forms.put("UTF-16 big-endian", word.getBytes(UTF_16BE));
    String hex = HexFormat.of().formatHex(bytes);
    forms.put("hexadecimal", hex.getBytes(US_ASCII));
    forms.put("capital hexadecimal", hex.toUpperCase(Locale.ROOT).getBytes(US_ASCII));
    forms.put("JSON escapes", escaped("\\u%04x").getBytes(US_ASCII));
    forms.put("capital JSON escapes", escaped("\\u%04X").getBytes(US_ASCII));
    for (int shift = 0; shift < 3; shift++) {
      byte[] shifted = new byte[shift + bytes.length];
      System.arraycopy(bytes, 0, shifted, shift, bytes.length);
      byte[] encoded = Base64.getEncoder().withoutPadding().encode(shifted);
      // Letters, digits and spaces never make + or /, so that this is the URL form too.
      forms.put(
          "base64 shifted by " + shift,
          Arrays.copyOfRange(encoded, BASE64_EDGE, encoded.length - BASE64_EDGE));
    }
  }

  private String escaped(String form) {
    return word.chars().mapToObj(form::formatted).collect(Collectors.joining());
  }

  /** The word itself. */
  String word() {
    return word;
  }

  /** Every form, so that a test can plant each and see it found. */
  Map<String, byte[]> forms() {
    return Map.copyOf(forms);
  }

  /** The first place of each form in some bytes. */
  List<String> in(byte[] bytes) {
    return find(Path.of("memory"), ByteBuffer.wrap(bytes)).stream().map(Found::form).toList();
  }

  /** All files below a folder that hold it; files that vanish meanwhile hold nothing. */
  List<Found> below(Path folder) throws IOException {
    List<Found> found = new ArrayList<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        found.addAll(in(file));
      }
    }
    return found;
  }

  /** The forms of it in one file. */
  List<Found> in(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      MappedByteBuffer content = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
      return find(file, content);
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }

  private List<Found> find(Path file, ByteBuffer content) {
    List<Found> found = new ArrayList<>();
    byte[] bytes = new byte[content.remaining()];
    content.get(bytes);
    forms.forEach(
        (form, needle) -> {
          int at = indexOf(bytes, needle);
          if (at >= 0) {
            found.add(new Found(file, form, at));
          }
        });
    return found;
  }

  /** Boyer, Moore, Horspool: a heap dump has a hundred million bytes. */
  private static int indexOf(byte[] bytes, byte[] needle) {
    int last = needle.length - 1;
    int[] skip = new int[256];
    Arrays.fill(skip, needle.length);
    for (int i = 0; i < last; i++) {
      skip[needle[i] & 0xff] = last - i;
    }
    for (int at = 0; at + last < bytes.length; at += skip[bytes[at + last] & 0xff]) {
      if (bytes[at + last] == needle[last]
          && Arrays.equals(bytes, at, at + last, needle, 0, last)) {
        return at;
      }
    }
    return -1;
  }
}
