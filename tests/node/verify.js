// Reads {"secret", "messages": [{"body", "headers"}]} and says of each whether it verifies.
const { Webhook } = require("standardwebhooks");

let text = "";
process.stdin.on("data", (part) => { text += part; });
process.stdin.on("end", () => {
  const { secret, messages } = JSON.parse(text);
  const receiver = new Webhook(secret);
  const said = messages.map(({ body, headers }) => {
    try {
      return receiver.verify(body, headers).type;
    } catch (error) {
      return `refused: ${error.message}`;
    }
  });
  process.stdout.write(JSON.stringify(said));
});
