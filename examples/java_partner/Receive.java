import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * An example webhook receiver for Mews in Java, with the JDK's own server and Jackson.
 *
 * <p>It answers at once and processes messages afterwards, because Mews waits no longer than 5
 * seconds (https://docs.mews.com/connector-api/events/wh-faq). Both kinds of webhook arrive at the
 * same URL.
 */
public class Receive {
  /** The secret in the URL that you register with Mews. */
  private static final String TOKEN = System.getenv("MEWS_TOKEN");

  private static final int MAX_BODY_SIZE = 4 << 20; // bytes; about 40,000 events

  /** The events and actions that this service handles; Mews may add others at any time. */
  private static final Set<String> EVENTS =
      Set.of(
          "ServiceOrderUpdated", "ResourceUpdated", "MessageAdded", "ResourceBlockUpdated",
          "CustomerAdded", "CustomerUpdated", "PaymentUpdated");

  private static final Set<String> ACTIONS =
      Set.of(
          "IntegrationCreated", "IntegrationEnabled", "IntegrationDisabled",
          "IntegrationCanceled", "IntegrationReinstated", "IntegrationDeleted",
          "IntegrationApiKeyCreated");

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  private static final BlockingQueue<JsonNode> QUEUE = new LinkedBlockingQueue<>();

  public static void main(String[] arguments) throws IOException {
    Thread worker = new Thread(Receive::work);
    worker.setDaemon(true);
    worker.start();
    int port = Integer.parseInt(System.getenv("PORT"));
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 100);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext("/webhooks/mews", Receive::answer);
    server.start();
  }

  private static void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.sendResponseHeaders(receive(exchange), -1);
    }
  }

  /** Checks the token, checks the message, and queues it; returns the status. */
  private static int receive(HttpExchange exchange) throws IOException {
    if (!exchange.getRequestMethod().equals("POST")) {
      return 405;
    }
    if (!hasToken(exchange.getRequestURI().getRawQuery())) {
      return 401;
    }
    byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY_SIZE + 1);
    if (body.length > MAX_BODY_SIZE) {
      return 413;
    }
    JsonNode message;
    try {
      message = JSON.readTree(body);
    } catch (JacksonException error) {
      return 400;
    }
    if (!isValid(message)) {
      return 400;
    }
    QUEUE.add(message);
    return 202;
  }

  /** Whether the query has exactly the right token, in a time that does not depend on it. */
  private static boolean hasToken(String query) {
    List<String> tokens = new ArrayList<>();
    for (String pair : (query == null ? "" : query).split("&")) {
      if (pair.startsWith("Token=")) {
        try {
          tokens.add(URLDecoder.decode(pair.substring("Token=".length()), StandardCharsets.UTF_8));
        } catch (IllegalArgumentException error) { // not percent-encoded correctly
          return false;
        }
      }
    }
    return tokens.size() == 1
        && MessageDigest.isEqual(
            tokens.get(0).getBytes(StandardCharsets.UTF_8), TOKEN.getBytes(StandardCharsets.UTF_8));
  }

  /** Whether a message has every property that `handle` needs. */
  private static boolean isValid(JsonNode message) {
    List<JsonNode> strings = new ArrayList<>();
    if (message.has("Events")) {
      if (!message.get("Events").isArray()) {
        return false;
      }
      strings.add(message.path("EnterpriseId"));
      strings.add(message.path("IntegrationId"));
      for (JsonNode event : message.get("Events")) {
        strings.add(event.path("Discriminator"));
        if (EVENTS.contains(event.path("Discriminator").asText())) {
          strings.add(event.path("Value").path("Id"));
        }
      }
    } else {
      String action = message.path("Action").asText();
      JsonNode data = message.path("Data");
      strings.add(message.path("Action"));
      if (ACTIONS.contains(action)) {
        strings.add(data.path("Integration").path("Id"));
      }
      if (action.equals("IntegrationApiKeyCreated")) {
        strings.add(data.path("ApiKey"));
      }
      if (action.equals("IntegrationCreated")) {
        strings.add(data.path("Enterprise").path("Id"));
        strings.add(data.path("AccessToken"));
      }
    }
    return strings.stream().allMatch(JsonNode::isTextual);
  }

  private static void work() {
    while (true) {
      try {
        handle(QUEUE.take());
      } catch (InterruptedException error) {
        return;
      } catch (RuntimeException error) { // a bad message must not end the worker
        System.err.println("A message could not be handled: " + error.getClass().getName());
      }
    }
  }

  /**
   * Handles a message, which may arrive twice and in any order.
   *
   * <p>This is where your own work begins: fetch the changed entities from the Connector API, all
   * ids of one kind with one request.
   */
  private static void handle(JsonNode message) {}
}
