# An example webhook receiver for Mews in Ruby: a Rack application.
#
# It answers at once and processes messages afterwards, because Mews waits no longer than 5 seconds
# (https://docs.mews.com/connector-api/events/wh-faq). Both kinds of webhook arrive at the same URL.
require "json"
require "openssl"
require "rack"

TOKEN = ENV.fetch("MEWS_TOKEN") # the secret in the URL that you register with Mews
MAX_BODY_SIZE = 4 * 2**20 # bytes; about 40,000 events
EVENTS = %w[
  ServiceOrderUpdated ResourceUpdated MessageAdded ResourceBlockUpdated CustomerAdded CustomerUpdated
  PaymentUpdated
].freeze
ACTIONS = %w[
  IntegrationCreated IntegrationEnabled IntegrationDisabled IntegrationCanceled IntegrationReinstated
  IntegrationDeleted IntegrationApiKeyCreated
].freeze
QUEUE = Queue.new

# Checks the token, checks the message, and queues it; returns the status.
def receive(request)
  return 404 unless request.path_info == "/webhooks/mews"
  return 405 unless request.post?
  return 401 unless token?(request.query_string)

  # A copy: Puma's empty body is a frozen string.
  body = String.new(request.body.read(MAX_BODY_SIZE + 1).to_s, encoding: Encoding::UTF_8)
  return 413 if body.bytesize > MAX_BODY_SIZE
  return 400 unless body.valid_encoding?

  message = JSON.parse(body)
  return 400 unless valid?(message)

  QUEUE << message
  202
rescue JSON::ParserError, EOFError
  400
end

# Returns whether the query has exactly the right token, in a time that does not depend on it.
def token?(query)
  tokens = URI.decode_www_form(query).filter_map { |name, value| value if name == "Token" }
  tokens.size == 1 && OpenSSL.secure_compare(tokens.first, TOKEN)
rescue ArgumentError # not percent-encoded correctly
  false
end

# Returns whether a message has every property that `handle` needs.
def valid?(message)
  return false unless message.is_a?(Hash)

  if message.key?("Events")
    events = message["Events"]
    return false unless events.is_a?(Array) && events.all?(Hash)

    strings = [message["EnterpriseId"], message["IntegrationId"]]
    events.each do |event|
      strings << event["Discriminator"]
      strings << id_of(event["Value"]) if EVENTS.include?(event["Discriminator"])
    end
  else
    action, data = message.values_at("Action", "Data")
    strings = [action]
    return strings.all?(String) unless ACTIONS.include?(action)
    return false unless data.is_a?(Hash)

    strings << id_of(data["Integration"])
    strings << data["ApiKey"] if action == "IntegrationApiKeyCreated"
    strings.push(id_of(data["Enterprise"]), data["AccessToken"]) if action == "IntegrationCreated"
  end
  strings.all?(String)
end

def id_of(value)
  value["Id"] if value.is_a?(Hash)
end

# Handles a message, which may arrive twice and in any order. This is where your own work begins:
# fetch the changed entities from the Connector API, all ids of one kind with one request.
def handle(message); end

Thread.new do
  loop do
    handle(QUEUE.pop)
  rescue StandardError => e # a bad message must not end the worker
    warn "A message could not be handled: #{e.class}"
  end
end

run ->(environment) { [receive(Rack::Request.new(environment)), {}, []] }
