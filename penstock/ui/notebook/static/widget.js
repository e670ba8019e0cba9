// What anywidget asks for: the view in an element of the cell, and what is chosen handed to Python.
export default {
  render({ model, el }) {
    const place = h("div", { class: "penstock-view" });
    place.innerHTML = model.get("tables");
    el.append(place);
    render({ model: model.get("data"), el: place, select: (chosen) => {
      model.set("selection", chosen);
      model.save_changes();
    } });
  },
};
