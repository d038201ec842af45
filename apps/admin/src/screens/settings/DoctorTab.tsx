/** What the hub finds when it looks at itself, and a file for whoever helps. */
import { Group, Stack, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { type Doctor, doctorQuery } from "../../api/operation.ts"
import { FileButton } from "../../acts/FileButton.tsx"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { Loaded } from "../../elements/Loaded.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { StateBadge, type Tone } from "../../elements/StateBadge.tsx"

const tones: { readonly [S in Doctor["state"]]: Tone } = { good: "good", warning: "warning", bad: "bad" }

export const DoctorTab = () => (
  <Stack>
    <Panel title="Checks" actions={<CopyCommand operation={{ id: "doctor.examine" }} isWide />}>
      <Loaded query={useQuery(doctorQuery)}>
        {({ checks }) => (
          <Stack gap="sm" component="ul" className="routes">
            {checks.map(({ advice, found, id, state }) => (
              <li key={id}>
                <Group gap="xs">
                  <StateBadge tone={tones[state]} word={state} />
                  <Text fw={600} size="sm">
                    {id}
                  </Text>
                  <Text size="sm">{found}</Text>
                </Group>
                {advice === null ? null : <Text size="sm">{advice}</Text>}
              </li>
            ))}
          </Stack>
        )}
      </Loaded>
    </Panel>
    <Panel title="Diagnostics">
      <Text size="sm">
        One file for whoever helps: versions, settings, these checks, states and counts. It holds no name, no id, no
        address, no record and no secret.
      </Text>
      <FileButton
        label="Get the diagnostics"
        path="/diagnostics"
        scope="operate:read"
        isFresh
        operation={{ id: "diagnostics.collect", to: "diagnostics.json" }}
      />
    </Panel>
  </Stack>
)
