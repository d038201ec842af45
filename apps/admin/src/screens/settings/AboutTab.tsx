/** What the hub is made of, and where its REST interface is described. */
import { Anchor, Group } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { aboutQuery } from "../../api/operation.ts"
import { base } from "../../api/ask.ts"
import { Ago } from "../../elements/Clock.tsx"
import { Facts } from "../../elements/Facts.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Loaded } from "../../elements/Loaded.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { identityQuery } from "../../session/who.ts"

export const AboutTab = () => {
  const identity = useQuery(identityQuery).data
  return (
    <Panel title="About">
      <Loaded query={useQuery(aboutQuery)}>
        {({ licence, node, platform, startedMs, version }) => (
          <Facts
            facts={[
              ["Syncline", version],
              ["Licence", licence],
              ["Node", node],
              ["Machine", platform],
              ["Process began", <Ago key="began" atMs={startedMs} />],
              ["Space", <Inert key="space" text={identity?.space ?? ""} />],
              ["Hub's device id", <Inert key="peer" text={identity?.peer ?? ""} />],
              ["Policy", identity?.policy ?? ""]
            ]}
          />
        )}
      </Loaded>
      <Group>
        <Anchor href={`${base}docs`} target="_blank">
          The REST interface for people
        </Anchor>
        <Anchor href={`${base}openapi.json`} target="_blank">
          and for programs
        </Anchor>
      </Group>
    </Panel>
  )
}
