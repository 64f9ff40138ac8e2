import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { Dialog } from "../../parts/dialog";
import { useFormats, useText } from "../../text";
import { type Arrangement, usual, type WidgetName } from "./arrangement";

interface Props {
  now: Arrangement;
  names: Record<WidgetName, string>;
  onChange: (to: Arrangement) => void;
  onClose: () => void;
}

/** Lets somebody move the widgets and hide some. */
export function Arrange({ now, names, onChange, onClose }: Props) {
  const t = useText().summary;
  const formats = useFormats();
  const [wanted, setWanted] = useState(now);
  const [told, setTold] = useState("");
  const move = (at: number, by: -1 | 1) => {
    const order = [...wanted.order];
    const [one] = order.splice(at, 1);
    if (one) {
      order.splice(at + by, 0, one);
      setWanted({ ...wanted, order });
      setTold(t.movedTo(names[one], formats.number(at + by + 1), formats.number(order.length)));
    }
  };
  const show = (name: WidgetName, shown: boolean) =>
    setWanted({ ...wanted, hidden: shown ? wanted.hidden.filter((h) => h !== name) : [...wanted.hidden, name] });
  return (
    <Dialog
      title={t.arrange}
      action={t.arrangeSave}
      onClose={onClose}
      onAction={() => {
        onChange(wanted);
        onClose();
      }}
    >
      <SpaceBetween size="m">
        <Box color="text-body-secondary">{t.arrangeText}</Box>
        <ol className="plain arrange">
          {wanted.order.map((name, i) => (
            <li key={name}>
              <Checkbox checked={!wanted.hidden.includes(name)} onChange={(e) => show(name, e.detail.checked)}>
                {names[name]}
              </Checkbox>
              <SpaceBetween direction="horizontal" size="xxs">
                <Button variant="icon" iconName="angle-up" ariaLabel={t.up(names[name])} disabled={i === 0} onClick={() => move(i, -1)} />
                <Button
                  variant="icon"
                  iconName="angle-down"
                  ariaLabel={t.down(names[name])}
                  disabled={i === wanted.order.length - 1}
                  onClick={() => move(i, 1)}
                />
              </SpaceBetween>
            </li>
          ))}
        </ol>
        <Button onClick={() => setWanted(usual)}>{t.arrangeUsual}</Button>
        <div className="unseen" aria-live="polite">
          {told}
        </div>
      </SpaceBetween>
    </Dialog>
  );
}
