/**
 * The part of the command tree that signs a device in to Google Drive and out: `syncline drive …`. What a command does is loaded
 * only when it runs.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { doing, isAtLeast, text, yes } from "./Flags.ts"

const loadCommands = () => import("./commands/driveCommands.ts")

/** As long as Google's own page is good for. */
const secondsMax = 3_600

const login = Command.make(
  "login",
  {
    clientFile: text(
      "client-file",
      "file",
      "The JSON file of your OAuth client that Google's console gives; kept for later logins"
    ),
    clientId: text("client-id", "id", "Its id, instead of the file"),
    clientSecret: text(
      "client-secret",
      "secret",
      "Its secret, which other users of this machine may see while it runs"
    ),
    timeout: Flag.Int("timeout").pipe(
      Flag.withMetavar("seconds"),
      Flag.withDescription("How long to wait for you to come back from Google's page (default 600)"),
      Flag.filter(
        (value) => isAtLeast(1)(value) && value <= secondsMax,
        (value) => `--timeout must be 1 to ${secondsMax} seconds, not ${value}`
      ),
      Flag.withDefault(600)
    )
  },
  doing(loadCommands, ({ login }, input) => login(input))
).pipe(
  Command.withDescription("Sign in to the Google Drive through which this device is to meet others"),
  Command.withExamples([{ command: "syncline drive login --client-file client_secret.json" }])
)

const logout = Command.make(
  "logout",
  {
    isLocal: yes("local", "Forget the login here and leave it as it is at Google, where other devices may use the same")
  },
  doing(loadCommands, ({ logout }, input) => logout(input))
).pipe(Command.withDescription("Take the login back at Google and forget its tokens"))

const status = Command.make(
  "status",
  {},
  doing(loadCommands, ({ status }, input) => status(input))
).pipe(Command.withDescription("Show who is signed in, and how the tokens are kept"))

export const drive = Command.make("drive").pipe(
  Command.withDescription("The login of this device to Google Drive"),
  Command.withSubcommands([login, logout, status])
)
