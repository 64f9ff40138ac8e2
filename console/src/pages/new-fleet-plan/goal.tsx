import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Multiselect from "@cloudscape-design/components/multiselect";
import Select from "@cloudscape-design/components/select";
import { useQuery } from "@tanstack/react-query";
import { getStatistics } from "../../api/hub";
import { severities } from "../../api/trends";
import { useUrl } from "../../parts/url";
import { useText } from "../../text";

const wishes = ["high", "medium", "low", "resolved"];

/** What the exposures are to come down to, and which ones; as the server is asked. */
export interface Wanted {
  wish: string;
  severity: string[];
  account: string[];
  region: string[];
}

const list = (value: string) => value.split(",").filter(Boolean);

/** Reads the goal from the address. */
export function useGoal(): Wanted {
  const { get } = useUrl();
  return { wish: get("wish", "medium"), severity: list(get("severity")), account: list(get("account")), region: list(get("region")) };
}

/** Lets somebody say the goal. */
export function Goal({ goal }: { goal: Wanted }) {
  const text = useText();
  const t = text.newFleet;
  const { set } = useUrl();
  const places = useQuery({
    queryKey: ["summary", "places"],
    queryFn: ({ signal }) =>
      getStatistics({ GroupByRules: ["cloud.account.uid", "cloud.region"].map((GroupByField) => ({ GroupByField })) }, signal),
    staleTime: 300_000,
  });
  const values = (i: number) => (places.data?.GroupByResults[i]?.GroupByValues ?? []).map((v) => v.FieldValue).sort();
  const options = wishes.map((value) => ({ value, label: t.wishes[value] ?? value }));
  const change = (name: string, value: string) => set({ [name]: value, topic: undefined }, { replace: true });
  return (
    <Container header={<Header variant="h2">{t.goal}</Header>}>
      <ColumnLayout columns={4}>
        <FormField label={t.wish}>
          <Select
            options={options}
            selectedOption={options.find((o) => o.value === goal.wish) ?? null}
            onChange={({ detail }) => change("wish", detail.selectedOption.value ?? "")}
          />
        </FormField>
        <Some
          name="severity"
          label={t.severities}
          all={t.severitiesAll}
          options={severities.map((s) => ({ value: s.toLowerCase(), label: text.severities[s] ?? s }))}
          chosen={goal.severity}
          onChange={change}
        />
        <Some
          name="account"
          label={t.accounts}
          all={t.accountsAll}
          options={values(0).map((value) => ({ value, label: value }))}
          chosen={goal.account}
          onChange={change}
        />
        <Some
          name="region"
          label={t.regions}
          all={t.regionsAll}
          options={values(1).map((value) => ({ value, label: value }))}
          chosen={goal.region}
          onChange={change}
        />
      </ColumnLayout>
    </Container>
  );
}

interface SomeProps {
  name: string;
  label: string;
  /** What none chosen means. */
  all: string;
  options: { value: string; label: string }[];
  chosen: string[];
  onChange: (name: string, value: string) => void;
}

function Some({ name, label, all, options, chosen, onChange }: SomeProps) {
  return (
    <FormField label={label}>
      <Multiselect
        options={options}
        placeholder={`${all}\u00a0`} // an oblique letter at the end would be cut
        selectedOptions={chosen.map((value) => options.find((o) => o.value === value) ?? { value, label: value })}
        onChange={({ detail }) => onChange(name, detail.selectedOptions.map((o) => o.value).join(","))}
      />
    </FormField>
  );
}
