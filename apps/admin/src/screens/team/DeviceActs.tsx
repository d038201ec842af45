/** What is done with a device: paused, let sync again, its rights ended for good. */
import { Group, Stack, Text } from "@mantine/core"
import { ask, part } from "../../api/ask.ts"
import type { Device } from "../../api/team.ts"
import { ActButton } from "../../acts/ActButton.tsx"

const act = { scope: "team:write", stale: ["team", "peers", "status", "audit"] } as const

export const DeviceActs = ({ device: { isPaused, peer } }: { readonly device: Device }) => {
  const body = { isPaused: !isPaused }
  return (
    <Group gap="xs" wrap="nowrap">
      <ActButton
        {...act}
        label={isPaused ? "Resume" : "Pause"}
        operation={{ id: "devices.change", args: [peer], set: body }}
        run={() => ask("PATCH", `/devices/${part(peer)}`, { body })}
        done={isPaused ? "It may sync again." : "Nothing goes either way until it is resumed."}
      />
      <RevokeDevice peer={peer} />
    </Group>
  )
}

export const RevokeDevice = ({ onDone, peer }: { readonly peer: string; readonly onDone?: () => void }) => (
  <ActButton
    {...act}
    label="Revoke"
    color="red"
    variant="filled"
    operation={{ id: "devices.remove", args: [peer], isRemoval: true }}
    run={() => ask("DELETE", `/devices/${part(peer)}`)}
    done="Its rights are over, and its links have ended."
    {...(onDone === undefined ? {} : { onDone })}
    question={{
      title: "Revoke this device?",
      yes: "Revoke",
      typed: "revoke",
      words: (
        <Stack gap="xs">
          <Text size="sm">
            Its links end, no device takes from it what it writes from now on, and where contents are sealed it gets no
            key any more. That holds for good: the device would have to pair anew under another id.
          </Text>
          <Text size="sm">
            What it already has stays on it, unless it is there to hear of this and keeps to the rules.
          </Text>
        </Stack>
      )
    }}
  />
)
