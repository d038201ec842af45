/** A code in its four forms, as long as it is good: digits, words, link and QR. */
import { Anchor, Group, Progress, Stack, Text } from "@mantine/core"
import { useEffect, useState } from "react"
import { ask } from "../../api/ask.ts"
import { hubNowMs } from "../../api/hubClock.ts"
import type { PairingCode } from "../../api/pairing.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { CopyButton } from "../../elements/CopyButton.tsx"
import { QrCode } from "../../elements/QrCode.tsx"
import { leftOf } from "./countdown.ts"

interface Props {
  readonly code: PairingCode
  readonly role: string | null
  readonly onEnd: () => void
}

export const CodeShown = ({ code: { digits, expiresMs, link, words }, onEnd, role }: Props) => {
  const { share, text } = useCountdown(expiresMs, onEnd)
  return (
    <Group align="flex-start" gap="xl">
      <QrCode text={link} label="The pairing link as a QR code" />
      <Stack gap="sm" maw={460}>
        <div>
          <Text size="xs" c="dimmed">
            Digits
          </Text>
          <Group gap={4}>
            <Text fw={700} ff="monospace" fz={28} data-code="digits">
              {digits}
            </Text>
            <CopyButton text={digits} label="Copy the digits" />
          </Group>
        </div>
        <div>
          <Text size="xs" c="dimmed">
            Words
          </Text>
          <Group gap={4}>
            <Text ff="monospace">{words}</Text>
            <CopyButton text={words} label="Copy the words" />
          </Group>
        </div>
        <div>
          <Text size="xs" c="dimmed">
            Link
          </Text>
          <Group gap={4} wrap="nowrap">
            <Anchor href={link} className="inert" size="sm">
              {link}
            </Anchor>
            <CopyButton text={link} label="Copy the link" />
          </Group>
        </div>
        <Text size="sm">
          Good once{role === null ? "" : `, for a device with the role ${role}`}. <span role="timer">{text}</span>
        </Text>
        <Progress value={share * 100} aria-label="Time left" transitionDuration={0} />
        <ActButton
          label="End the code"
          scope="team:write"
          operation={{ id: "pairing.close", isRemoval: true }}
          run={() => ask("DELETE", "/pairing/codes")}
          stale={["joining"]}
          done="The code is good no more."
          onDone={onEnd}
        />
      </Stack>
    </Group>
  )
}

const tickMs = 500

const useCountdown = (untilMs: number, onEnd: () => void) => {
  const [[beganMs, nowMs], setTimes] = useState(() => [hubNowMs(), hubNowMs()] as const)
  useEffect(() => setTimes([hubNowMs(), hubNowMs()]), [untilMs])
  useEffect(() => {
    const timer = setInterval(() => {
      if (hubNowMs() >= untilMs) onEnd()
      else setTimes(([began]) => [began, hubNowMs()])
    }, tickMs)
    return () => clearInterval(timer)
  }, [onEnd, untilMs])
  return leftOf(beganMs, nowMs, untilMs)
}
